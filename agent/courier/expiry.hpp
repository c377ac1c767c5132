#pragma once
// The courier's certificate is announced before it ends: 30, 14, 7 and 1 days ahead, and when it has ended.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "async/time_source.hpp"

namespace agent {

enum class ExpiryStage : std::uint8_t { fine, within_30_days, within_14_days, within_7_days, within_1_day, expired };

// Of a certificate that has `left` to live; none is left at zero.
[[nodiscard]] ExpiryStage expiry_stage(Duration left) noexcept;

// A stage is announced once, when it is reached; a new certificate starts over.
[[nodiscard]] bool announcement_due(ExpiryStage now, ExpiryStage announced) noexcept;

// "client certificate CN=h1 (/etc/…/host.pem) ends in 6 d 3 h, on 2026-…: renew it"
[[nodiscard]] std::string describe_expiry(const std::string& subject, const std::filesystem::path& file,
                                          WallTime not_after, WallTime now);

// Looks at the file at most once an hour and announces in the log. A file that cannot be read is not its business: the
// next connection says what is wrong with it.
class ExpiryWatch {
public:
    void look(const TimeSource& time, const std::filesystem::path& cert_file);

private:
    std::optional<MonoTime> looked_at_;
    ExpiryStage announced_{ExpiryStage::fine};
};

}  // namespace agent
