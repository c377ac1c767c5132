#include "courier/courier.hpp"

#include "courier/poller.hpp"
#include "courier/uploader.hpp"

namespace agent {

class Courier::Implementation {
public:
    Implementation(const asio::any_io_executor& executor, TimeSource& time, CorePort& core, ServerSettings settings,
                   CourierIdentity identity)
        : shared{executor, time, core, std::move(settings), std::move(identity), 0, 0, Wake{executor}, Wake{executor}} {
    }

    CourierShared shared;
    Poller poller{shared};
    Uploader uploader{shared};
};

Courier::Courier(const asio::any_io_executor& executor, TimeSource& time, CorePort& core, ServerSettings settings,
                 CourierIdentity identity)
    : implementation_{
          std::make_unique<Implementation>(executor, time, core, std::move(settings), std::move(identity))} {}

Courier::~Courier() = default;

Task<> Courier::poll_forever() {
    return run_and_close(implementation_->poller.forever(), implementation_->poller.line());
}

Task<> Courier::upload_forever() {
    return run_and_close(implementation_->uploader.forever(), implementation_->uploader.line());
}

Task<> Courier::poll_once() { return run_and_close(implementation_->poller.once(), implementation_->poller.line()); }

Task<> Courier::upload_all() {
    return run_and_close(implementation_->uploader.all(), implementation_->uploader.line());
}

const std::vector<Error>& Courier::refused() const noexcept { return implementation_->uploader.refused(); }

void Courier::change_settings(ServerSettings settings, CourierIdentity identity) {
    auto& shared = implementation_->shared;
    shared.settings = std::move(settings);
    shared.identity = std::move(identity);
    ++shared.settings_version;
    shared.poll_bell.ring();
    shared.upload_bell.ring();
}

}  // namespace agent
