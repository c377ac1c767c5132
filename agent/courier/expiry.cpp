#include "courier/expiry.hpp"

#include "base/log.hpp"
#include "crypto/certificate.hpp"

namespace agent {

ExpiryStage expiry_stage(Duration left) noexcept {
    using std::chrono::days;
    if (left <= Duration{0}) return ExpiryStage::expired;
    if (left <= days{1}) return ExpiryStage::within_1_day;
    if (left <= days{7}) return ExpiryStage::within_7_days;
    if (left <= days{14}) return ExpiryStage::within_14_days;
    if (left <= days{30}) return ExpiryStage::within_30_days;
    return ExpiryStage::fine;
}

bool announcement_due(ExpiryStage now, ExpiryStage announced) noexcept { return now > announced; }

std::string describe_expiry(const std::string& subject, const std::filesystem::path& file, WallTime not_after,
                            WallTime now) {
    const auto left = not_after - now;
    auto text = "client certificate " + subject + " (" + file.string() + ") ";
    if (left <= Duration{0})
        text += "has expired on " + format_rfc3339(not_after) + ", " + describe_duration(left) +
                " ago: the order server will refuse it; put a new one in place, no restart is needed";
    else
        text += "expires in " + describe_duration(left) + ", on " + format_rfc3339(not_after) +
                ": put a new one in place, no restart is needed";
    return text;
}

void ExpiryWatch::look(const TimeSource& time, const std::filesystem::path& cert_file) {
    const auto mono = time.mono_now();
    if (looked_at_ && mono - *looked_at_ < std::chrono::hours{1}) return;
    looked_at_ = mono;
    const auto certificate = load_certificate(cert_file);
    if (certificate.has_error()) return;
    const auto now = time.wall_now();
    const auto stage = expiry_stage(certificate.value().not_after - now);
    if (announcement_due(stage, announced_)) {
        const auto level = stage >= ExpiryStage::within_1_day ? LogLevel::error : LogLevel::warning;
        log(level, describe_expiry(certificate.value().subject, cert_file, certificate.value().not_after, now));
    }
    announced_ = stage;
}

}  // namespace agent
