// file.install: content that the runbook ships, with mode and owner.
#include "crypto/digest.hpp"
#include "healing/actions.hpp"
#include "healing/placed_file.hpp"

namespace agent {
namespace {

class FileInstall final : public Action {
public:
    FileInstall(PlacedFile file, std::string content)
        : file_{std::move(file)}, content_{std::move(content)}, sha256_{sha256_hex(content_)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "file.install"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& params) override {
        co_return file_.plan(name(), params, sha256_);
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& /*tools*/, const Value& params) override {
        AGENT_CO_TRY(auto saved, file_.save(params));
        co_return std::optional{std::move(saved)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& /*tools*/, const Value& params,
                                            const std::optional<Value>& saved) override {
        co_return file_.place(params, content_, saved.value_or(Value{}));
    }

private:
    PlacedFile file_;
    std::string content_;
    std::string sha256_;
};

std::optional<std::string> read_content(MapReader& step) {
    step.require("content", "the file's whole content, for example a block under \"content: |\"");
    const auto* node = step.node("content");
    if (node == nullptr || node->kind == YamlNode::Kind::null) return std::nullopt;
    if (node->kind != YamlNode::Kind::scalar) {
        step.fault("content", "must be text, for example a block under \"content: |\"");
        return std::nullopt;
    }
    return node->text;
}

}  // namespace

std::unique_ptr<Action> read_file_install(MapReader& step, StepScope& scope) {
    auto content = read_content(step);
    auto file = PlacedFile::read(step, scope);
    if (!content || !file) return nullptr;
    return std::make_unique<FileInstall>(*std::move(file), *std::move(content));
}

}  // namespace agent
