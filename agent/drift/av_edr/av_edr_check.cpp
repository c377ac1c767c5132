#include "drift/av_edr/av_edr_check.hpp"

#include <optional>

#include "codec/json.hpp"
#include "drift/av_edr/av_edr_report.hpp"

namespace agent {
namespace {

constexpr Duration clamd_limit{10'000};
constexpr Duration command_limit{30'000};

PackageHint read_hint(const Value* notes) {
    if (notes == nullptr) return {};
    const auto* file = notes->find("file");
    const auto* changed = notes->find("changed");
    const auto* package = notes->find("package");
    if (file == nullptr || file->string() == nullptr || changed == nullptr || changed->integer() == nullptr ||
        package == nullptr || package->string() == nullptr)
        return {};
    return {*file->string(), *changed->integer(), *package->string()};
}

Value write_hint(const PackageHint& hint) {
    return Value::object({{"file", hint.file}, {"changed", hint.changed}, {"package", hint.package}});
}

bool is_stopped(const Error& error) { return error.code() == Errc::cancelled; }

// Asking a daemon that is not running may start it: on Debian its socket is the service manager's (socket activation).
// A look changes nothing.
std::optional<Error> reason_not_to_ask(const AvEdrBaseline& baseline, const AvEdrView& view) {
    const bool is_down = view.unit && view.unit->has_value() && !view.unit->value().is_active();
    if (!is_down) return std::nullopt;
    return Error{Errc::refused, "not asked: " + baseline.unit + " is not running, and a question could start it"};
}

Task<> look_at_unit(const AvEdrBaseline& baseline, CheckTools& tools, Restarts& restarts, AvEdrView& view) {
    if (baseline.unit.empty()) co_return ok();
    auto unit = co_await tools.units.state(baseline.unit);
    if (unit.has_error() && is_stopped(unit.error())) co_return std::move(unit).error();
    if (unit.has_value() && unit.value().load_state == "loaded" && baseline.unit.ends_with(".service")) {
        restarts = look_again(restarts, unit.value(), tools.time.wall_now());
        view.restarts = restarts;
    }
    view.unit.emplace(std::move(unit));
    co_return ok();
}

Task<> look_at_clamd(const AvEdrBaseline& baseline, CheckTools& tools, AvEdrView& view) {
    if (baseline.product != AvProduct::clamav) co_return ok();
    if (auto reason = reason_not_to_ask(baseline, view)) {
        view.clamd.emplace(std::move(*reason));
        co_return ok();
    }
    auto answers = co_await ask_clamd(tools.time, baseline.socket, tools.patience(clamd_limit));
    if (answers.has_error() && is_stopped(answers.error())) co_return std::move(answers).error();
    const bool has_no_date =
        answers.has_value() && answers.value().version.has_value() && !answers.value().version.value().date;
    if (has_no_date) view.signature_file.emplace(newest_signature_file(baseline.database));
    view.clamd.emplace(std::move(answers));
    co_return ok();
}

Task<BinaryView> look_at_file(const AvEdrBaseline& baseline, const AvEdrHost& host, PackageHint& hint) {
    std::error_code failed;
    auto file = std::filesystem::canonical(baseline.binary, failed);
    if (failed) file = baseline.binary;
    auto digests = co_await digest_file(file);
    if (digests.has_error() && is_stopped(digests.error())) co_return std::move(digests).error();
    BinaryView view{std::move(file), std::move(digests), std::optional<PackageChecksum>{}};
    if (baseline.sha256 || view.digests.has_error()) co_return view;
    view.package = co_await find_package_checksum(host.dpkg_info, view.file, hint);
    if (view.package.has_error() && is_stopped(view.package.error())) co_return view.package.error();
    co_return view;
}

Task<> look_at_command(const AvEdrBaseline& baseline, CheckTools& tools, AvEdrView& view) {
    if (baseline.command.empty()) co_return ok();
    Command command;
    command.program = baseline.command.front();
    command.arguments.assign(baseline.command.begin() + 1, baseline.command.end());
    command.deadline = tools.patience(command_limit);
    auto exit = co_await tools.processes.run(std::move(command));
    if (exit.has_error() && is_stopped(exit.error())) co_return std::move(exit).error();
    view.command.emplace(std::move(exit));
    co_return ok();
}

}  // namespace

Task<CheckReport> AvEdrCheck::look(CheckTools& tools, std::string& notes) const {
    const auto kept = parse_json(notes);
    const auto* known = kept.has_value() ? &kept.value() : nullptr;
    auto restarts = read_restarts(known == nullptr ? nullptr : known->find("restarts"));
    auto hint = read_hint(known == nullptr ? nullptr : known->find("package"));
    AvEdrView view;
    AGENT_CO_TRY(co_await look_at_unit(baseline_, tools, restarts, view));
    AGENT_CO_TRY(co_await look_at_clamd(baseline_, tools, view));
    if (!baseline_.binary.empty()) {
        AGENT_CO_TRY(auto binary, co_await look_at_file(baseline_, host_, hint));
        view.binary.emplace(std::move(binary));
    }
    AGENT_CO_TRY(co_await look_at_command(baseline_, tools, view));
    Value kept_now = Value::object({{"restarts", write_restarts(restarts)}, {"package", write_hint(hint)}});
    notes = write_json(kept_now);
    co_return judge_av_edr(baseline_, view, tools.time.wall_now());
}

std::string AvEdrCheck::explain() const {
    std::string text = "Looks at the virus scanner";
    if (!baseline_.unit.empty())
        text += ": " + baseline_.unit + " must be active (else critical) and must not have fallen over within " +
                describe_duration(baseline_.restarts_window) + " (medium)";
    text += ". ";
    if (baseline_.product == AvProduct::clamav)
        text += "Over " + baseline_.socket.native() +
                " clamd must answer, find the EICAR test file, which is sent to it and never written to a file (else "
                "critical), and have signatures younger than " +
                describe_duration(baseline_.signatures_age_most) +
                " (else high). A daemon that is known to be down is not asked: that could start it. ";
    if (!baseline_.binary.empty())
        text += baseline_.binary.native() + " must be there and have the " +
                (baseline_.sha256 ? "SHA-256 of the baseline" : "checksum that its own package recorded") +
                " (else high). ";
    if (!baseline_.command.empty())
        text += baseline_.command.front() + " must end with status 0" +
                (baseline_.expect ? " and print what is expected" : "") + " (else critical). ";
    return text +
           "45 CFR 164.308(a)(5)(ii)(B) wants protection from malicious software, 164.312(b) that activity is "
           "examined, "
           "NIST 800-53 SI-3 malicious code protection that is kept up to date.";
}

Task<Learnt> AvEdrCheck::learn(CheckTools&) const {
    Learnt learnt;
    if (baseline_.binary.empty()) co_return learnt;
    learnt.from = baseline_.binary.native();
    PackageHint hint;
    auto looked = co_await look_at_file(baseline_, host_, hint);
    if (looked.has_error()) co_return std::move(looked).error();
    const auto& binary = looked.value();
    if (binary.digests.has_error()) {
        const auto& error = binary.digests.error();
        if (error.code() == Errc::not_found)
            learnt.remarks.push_back(error.message() +
                                     ": install the scanner, or say which product protects this host "
                                     "(product: other)");
        else
            learnt.unknown.push_back(error.message());
        co_return learnt;
    }
    if (binary.package.has_error())
        learnt.unknown.push_back("which package vouches for it: " + binary.package.error().message());
    learnt.say("binary", baseline_.binary.native());
    const bool is_vouched_for = binary.package.has_value() && binary.package.value() &&
                                binary.package.value()->md5 == binary.digests.value().md5;
    if (is_vouched_for)
        learnt.lines += "# package " + binary.package.value()->package +
                        " vouches for it, through upgrades as well; to pin it:\n# ";
    learnt.say("sha256", binary.digests.value().sha256);
    co_return learnt;
}

}  // namespace agent
