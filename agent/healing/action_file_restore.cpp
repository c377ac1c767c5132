// file.restore: a file as a known good copy on this host has it. Only the bytes that the runbook names are taken: the
// digest vouches for them, not the place where they lie.
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "healing/actions.hpp"
#include "healing/placed_file.hpp"

namespace agent {
namespace {

struct GoodCopy {
    Template path;
    std::string sha256;

    [[nodiscard]] Result<std::string> take(const Value& params) const {
        AGENT_TRY(const auto from, path.fill_path(params));
        AGENT_TRY(const auto facts, inspect_file(from, Content::left_alone));
        if (!facts) return Error{Errc::not_found, "the good copy " + from.string() + " is not there"};
        if (facts->kind != FileKind::regular)
            return Error{Errc::refused, "the good copy " + from.string() + " is no regular file"};
        if (facts->size > placed_file_most)
            return Error{Errc::refused, "the good copy " + from.string() + " is over 1 MiB"};
        AGENT_TRY(auto content, read_file(from, placed_file_most));
        const auto found = sha256_hex(content);
        if (found != sha256)
            return Error{Errc::untrusted, "the good copy " + from.string() +
                                              " is not the one that the runbook means: " + "its SHA-256 is " + found};
        return content;
    }
};

class FileRestore final : public Action {
public:
    FileRestore(PlacedFile file, GoodCopy copy) : file_{std::move(file)}, copy_{std::move(copy)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "file.restore"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& params) override {
        AGENT_CO_TRY(copy_.take(params));
        co_return file_.plan(name(), params, copy_.sha256);
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& /*tools*/, const Value& params) override {
        AGENT_CO_TRY(auto saved, file_.save(params));
        co_return std::optional{std::move(saved)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& /*tools*/, const Value& params,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto content, copy_.take(params));
        co_return file_.place(params, content, saved.value_or(Value{}));
    }

private:
    PlacedFile file_;
    GoodCopy copy_;
};

std::optional<std::string> read_digest(MapReader& step) {
    auto sha256 = step.text("sha256");
    step.require("sha256", "that of the good copy, as sha256sum prints it");
    if (!sha256) return std::nullopt;
    if (sha256->size() == 64 && sha256->find_first_not_of("0123456789abcdef") == std::string::npos) return sha256;
    step.fault("sha256", "must be 64 lower-case hexadecimal digits, as sha256sum prints them");
    return std::nullopt;
}

}  // namespace

std::unique_ptr<Action> read_file_restore(MapReader& step, StepScope& scope) {
    auto file = PlacedFile::read(step, scope);
    const auto written = step.text("from");
    step.require("from", "the absolute path of a good copy");
    auto sha256 = read_digest(step);
    if (!written) return nullptr;
    auto from = Template::parse(*written, scope, step, "from");
    if (!file || !from || !sha256) return nullptr;
    if (from->is_fixed())
        if (auto filled = from->fill_path(Value{}); filled.has_error()) step.fault("from", filled.error().message());
    return std::make_unique<FileRestore>(*std::move(file), GoodCopy{*std::move(from), *std::move(sha256)});
}

}  // namespace agent
