// file.install: content that the runbook ships, with mode and owner, atomically. What was there before is kept with the
// run and put back by the undo.
#include <array>
#include <charconv>
#include <cstdio>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/digest.hpp"
#include "healing/actions.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t kept_most = 1024UL * 1024UL;  // of the previous content, and of the new

struct InstallRule {
    Template path;
    std::string content;
    mode_t mode{};
    std::optional<std::string> owner;  // nothing: as it is, or ours for a new file
    std::optional<std::string> group;
};

// The target as it was before.
struct Previous {
    std::filesystem::path path;
    std::optional<FileAttributes> attributes;  // nothing: there was no file
    std::string sha256;
    std::string content;

    [[nodiscard]] bool is_so(const std::optional<FileFacts>& facts) const {
        if (!facts || !attributes) return !facts && !attributes;
        return facts->kind == FileKind::regular && facts->sha256 == sha256 && facts->mode == attributes->mode &&
               facts->uid == attributes->uid && facts->gid == attributes->gid;
    }
};

std::string octal(mode_t mode) {
    std::array<char, 8> text{};
    const int length = std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode));
    return {text.data(), static_cast<std::size_t>(length)};
}

Value facts_of(const std::filesystem::path& path, const std::optional<FileFacts>& facts) {
    Value value;
    value.set("path", path.string());
    value.set("exists", facts.has_value());
    if (!facts) return value;
    value.set("sha256", facts->sha256);
    value.set("mode", octal(facts->mode));
    value.set("owner", facts->owner);
    value.set("group", facts->group);
    return value;
}

Result<std::optional<FileFacts>> look_at(const std::filesystem::path& path) {
    AGENT_TRY(auto facts, inspect_file(path));
    if (facts && facts->kind != FileKind::regular)
        return Error{Errc::refused,
                     path.string() + " is a link, a folder or a device, not a regular file; move it away"};
    if (facts && facts->size > kept_most)
        return Error{Errc::refused, path.string() + " is over 1 MiB: too large to be kept for an undo"};
    return facts;
}

Result<Value> save_file(const std::filesystem::path& path, const std::optional<FileFacts>& facts) {
    auto saved = Value::object({{"path", path.string()}, {"exists", facts.has_value()}});
    if (!facts) return saved;
    AGENT_TRY(const auto content, read_file(path, kept_most));
    if (sha256_hex(content) != facts->sha256)
        return Error{Errc::refused, path.string() + " changed while it was looked at"};
    saved.set("sha256", facts->sha256);
    saved.set("mode", static_cast<std::int64_t>(facts->mode));
    saved.set("uid", static_cast<std::int64_t>(facts->uid));
    saved.set("gid", static_cast<std::int64_t>(facts->gid));
    saved.set("content", base64_encode(bytes_of(content)));
    return saved;
}

template <class T>
const T* member(const Value& saved, std::string_view name, const T* (Value::*as)() const noexcept) {
    const auto* found = saved.find(name);
    return found != nullptr ? (found->*as)() : nullptr;
}

Result<Previous> read_saved(const Value& saved) {
    const Error damaged{Errc::corrupt, "what was kept of the file before it was changed cannot be read"};
    const auto* path = member(saved, "path", &Value::string);
    const auto* exists = member(saved, "exists", &Value::boolean);
    if (path == nullptr || exists == nullptr) return damaged;
    Previous previous;
    previous.path = *path;
    if (!*exists) return previous;
    const auto* sha256 = member(saved, "sha256", &Value::string);
    const auto* mode = member(saved, "mode", &Value::integer);
    const auto* uid = member(saved, "uid", &Value::integer);
    const auto* gid = member(saved, "gid", &Value::integer);
    const auto* text = member(saved, "content", &Value::string);
    auto content = text != nullptr ? base64_decode(*text) : std::nullopt;
    if (sha256 == nullptr || mode == nullptr || uid == nullptr || gid == nullptr || !content) return damaged;
    FileAttributes attributes;
    attributes.mode = static_cast<mode_t>(*mode);
    attributes.uid = static_cast<uid_t>(*uid);
    attributes.gid = static_cast<gid_t>(*gid);
    previous.attributes = attributes;
    previous.sha256 = *sha256;
    previous.content = *std::move(content);
    if (sha256_hex(previous.content) != previous.sha256) return damaged;
    return previous;
}

std::string describe_undo(const Value& saved) {
    const auto previous = read_saved(saved);
    if (previous.has_error()) return previous.error().message();
    return (previous.value().attributes ? "put back the former " : "remove ") + previous.value().path.string();
}

Task<Value> put_back(const ActionTools& /*tools*/, Value saved) {
    AGENT_CO_TRY(const auto previous, read_saved(saved));
    const auto& path = previous.path;
    AGENT_CO_TRY(const auto now, inspect_file(path));
    if (!previous.is_so(now)) {
        if (previous.attributes) {
            AGENT_CO_TRY(replace_file(path, previous.content, *previous.attributes));
        } else {
            AGENT_CO_TRY(remove_file(path));
        }
    }
    AGENT_CO_TRY(const auto after, inspect_file(path));
    co_return facts_of(path, after);
}

class FileInstall final : public Action {
public:
    explicit FileInstall(InstallRule rule) : rule_{std::move(rule)}, sha256_{sha256_hex(rule_.content)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "file.install"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& params) override {
        AGENT_CO_TRY(const auto path, rule_.path.fill_path(params));
        AGENT_CO_TRY(const auto facts, look_at(path));
        AGENT_CO_TRY(const auto attributes, wanted_attributes());
        PlanStep step;
        step.action = name();
        step.current = facts_of(path, facts);
        // What the runbook leaves open stays as it is, so that equal means: nothing to do.
        if (facts && is_so(*facts, attributes)) {
            step.desired = step.current;
        } else {
            step.desired = facts_of(path, facts);
            step.desired.set("exists", true);
            step.desired.set("sha256", sha256_);
            step.desired.set("mode", octal(rule_.mode));
            if (rule_.owner) step.desired.set("owner", *rule_.owner);
            if (rule_.group) step.desired.set("group", *rule_.group);
        }
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& /*tools*/, const Value& params) override {
        AGENT_CO_TRY(const auto path, rule_.path.fill_path(params));
        AGENT_CO_TRY(const auto facts, look_at(path));
        AGENT_CO_TRY(auto saved, save_file(path, facts));
        co_return std::optional{std::move(saved)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& /*tools*/, const Value& params,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto path, rule_.path.fill_path(params));
        AGENT_CO_TRY(const auto facts, look_at(path));
        AGENT_CO_TRY(auto attributes, wanted_attributes());
        AGENT_CO_TRY(const auto previous, read_saved(saved.value_or(Value{})));
        if (previous.path != path || !previous.is_so(facts))
            co_return Error{Errc::refused, path.string() + " changed while it was looked at"};
        StepOutcome outcome;
        outcome.state = facts_of(path, facts);
        if (facts) {  // replace_file leaves open owners to whoever writes
            attributes.uid = attributes.uid.value_or(facts->uid);
            attributes.gid = attributes.gid.value_or(facts->gid);
        }
        const auto replaced = replace_file(path, rule_.content, attributes);
        const auto after = inspect_file(path);
        if (after.has_value()) {
            auto state = facts_of(path, after.value());
            outcome.touched = replaced.has_value() || state != outcome.state;
            outcome.state = std::move(state);
        } else {
            outcome.touched = true;
        }
        if (replaced.has_error())
            outcome.why = "installing " + path.string() + ": " + replaced.error().message();
        else if (after.has_error() || !after.value() || !is_so(*after.value(), attributes))
            outcome.why = path.string() + " was replaced, but is not as it should be";
        else
            outcome.succeeded = true;
        co_return outcome;
    }

private:
    [[nodiscard]] Result<FileAttributes> wanted_attributes() const {
        FileAttributes attributes;
        attributes.mode = rule_.mode;
        if (rule_.owner) {
            AGENT_TRY(const auto uid, user_id(*rule_.owner));
            attributes.uid = uid;
        }
        if (rule_.group) {
            AGENT_TRY(const auto gid, group_id(*rule_.group));
            attributes.gid = gid;
        }
        return attributes;
    }

    [[nodiscard]] bool is_so(const FileFacts& facts, const FileAttributes& wanted) const {
        return facts.kind == FileKind::regular && facts.sha256 == sha256_ && facts.mode == wanted.mode &&
               wanted.uid.value_or(facts.uid) == facts.uid && wanted.gid.value_or(facts.gid) == facts.gid;
    }

    InstallRule rule_;
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

std::optional<mode_t> read_mode(MapReader& step) {
    step.require("mode", "the permission bits in octal and in quotes, for example \"0644\"");
    const auto* node = step.node("mode");
    if (node == nullptr || node->kind == YamlNode::Kind::null) return std::nullopt;
    unsigned mode = 0;
    const auto* end = node->text.data() + node->text.size();
    const bool shape =
        node->kind == YamlNode::Kind::scalar && !node->plain && node->text.size() >= 3 && node->text.size() <= 4;
    if (shape) {
        const auto read = std::from_chars(node->text.data(), end, mode, 8);
        if (read.ec == std::errc{} && read.ptr == end) return static_cast<mode_t>(mode);
    }
    step.fault("mode", "write the permission bits in octal and in quotes, for example \"0644\"");
    return std::nullopt;
}

}  // namespace

const Undo undo_of_file_install{&describe_undo, &put_back};

std::unique_ptr<Action> read_file_install(MapReader& step, const ParameterSchema& parameters) {
    const auto written = step.text("path");
    step.require("path", "the file's absolute path");
    auto content = read_content(step);
    const auto mode = read_mode(step);
    auto owner = step.text("owner");
    auto group = step.text("group");
    if (!written || !content || !mode) return nullptr;
    auto path = Template::parse(*written, parameters, step, "path");
    if (!path) return nullptr;
    if (path->is_fixed())
        if (auto filled = path->fill_path(Value{}); filled.has_error()) step.fault("path", filled.error().message());
    return std::make_unique<FileInstall>(
        InstallRule{*std::move(path), *std::move(content), *mode, std::move(owner), std::move(group)});
}

}  // namespace agent
