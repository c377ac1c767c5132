#pragma once
// The seam between courier and core: the courier holds the TLS key and the network, the core everything else. Opaque
// bytes go across, nothing the courier says is proof. In one process today, between two confined units later.
#include <cstdint>
#include <optional>
#include <string>

#include "async/time_source.hpp"
#include "base/port.hpp"
#include "codec/offers.hpp"
#include "model/ids.hpp"

namespace agent {

// What the core made of an offered envelope, as far as the courier needs to know to pace its polls.
enum class Delivery : std::uint8_t {
    fresh,  // looked at for the first time: accepted, refused or deferred, and evidence is on its way
    known,  // seen before; nothing came of it
};

struct OutgoingBundle {
    std::int64_t position{};  // hand it back to next_bundle to go on behind it
    BundleId id;
    std::string bytes;
    Signature signature{};
};

enum class LoopName : std::uint8_t { poll, upload };

class CorePort : public Port {
public:
    // An error is a storage fault: the poll counts as failed.
    [[nodiscard]] virtual Task<Delivery> deliver(Offer offer) = 0;
    // The oldest bundle that waits behind `position`.
    [[nodiscard]] virtual Result<std::optional<OutgoingBundle>> next_bundle(std::int64_t position) = 0;
    // `untrusted` or `malformed`: a missing or wrong receipt, the bundle is not sent (PROTOCOL.md section 7).
    [[nodiscard]] virtual Result<> acknowledge(const OutgoingBundle& bundle, const std::string& receipt) = 0;
    [[nodiscard]] virtual Result<> quarantine(const BundleId& id, const std::string& reason) = 0;
    // The order that is being carried out now, for whoever asks first; nothing once it has ended. Progress only: its
    // end is told by its bundle.
    [[nodiscard]] virtual std::optional<OrderId> take_progress() = 0;
    // Waits until there may be something to upload or to tell again.
    [[nodiscard]] virtual Task<> wait_to_send() = 0;

    virtual void succeeded(LoopName loop) = 0;
    virtual void failed(LoopName loop, const Error& error) = 0;
    // The server's authenticated Date, and our clock when it came: information, never proof.
    virtual void server_time(WallTime server, WallTime ours) = 0;
};

}  // namespace agent
