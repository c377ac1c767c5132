#include "healing/placed_file.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "healing/actions.hpp"

namespace agent {
namespace {

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
    if (facts && facts->size > placed_file_most)
        return Error{Errc::refused, path.string() + " is over 1 MiB: too large to be kept for an undo"};
    return facts;
}

Result<Value> save_file(const std::filesystem::path& path, const std::optional<FileFacts>& facts) {
    auto saved = Value::object({{"path", path.string()}, {"exists", facts.has_value()}});
    if (!facts) return saved;
    AGENT_TRY(const auto content, read_file(path, placed_file_most));
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

Result<FileAttributes> wanted_attributes(const PlacedFile& file) {
    FileAttributes attributes;
    attributes.mode = file.mode;
    if (file.owner) {
        AGENT_TRY(const auto uid, user_id(*file.owner));
        attributes.uid = uid;
    }
    if (file.group) {
        AGENT_TRY(const auto gid, group_id(*file.group));
        attributes.gid = gid;
    }
    return attributes;
}

bool is_placed(const FileFacts& facts, const FileAttributes& wanted, const std::string& sha256) {
    return facts.kind == FileKind::regular && facts.sha256 == sha256 && facts.mode == wanted.mode &&
           wanted.uid.value_or(facts.uid) == facts.uid && wanted.gid.value_or(facts.gid) == facts.gid;
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

const Undo undo_of_placed_file{&describe_undo, &put_back};

std::optional<PlacedFile> PlacedFile::read(MapReader& step, StepScope& scope) {
    const auto written = step.text("path");
    step.require("path", "the file's absolute path");
    const auto mode = read_mode(step);
    auto owner = step.text("owner");
    auto group = step.text("group");
    if (!written) return std::nullopt;
    auto path = Template::parse(*written, scope, step, "path");
    if (!path || !mode) return std::nullopt;
    if (path->is_fixed())
        if (auto filled = path->fill_path(Value{}); filled.has_error()) step.fault("path", filled.error().message());
    return PlacedFile{*std::move(path), *mode, std::move(owner), std::move(group)};
}

Result<PlanStep> PlacedFile::plan(std::string_view action, const Value& params, const std::string& sha256) const {
    AGENT_TRY(const auto target, path.fill_path(params));
    AGENT_TRY(const auto facts, look_at(target));
    AGENT_TRY(const auto attributes, wanted_attributes(*this));
    PlanStep step;
    step.action = action;
    step.current = facts_of(target, facts);
    step.desired = step.current;
    // What the runbook leaves open stays as it is, so that equal means: nothing to do.
    if (facts && is_placed(*facts, attributes, sha256)) return step;
    step.desired.set("exists", true);
    step.desired.set("sha256", sha256);
    step.desired.set("mode", octal(mode));
    if (owner) step.desired.set("owner", *owner);
    if (group) step.desired.set("group", *group);
    return step;
}

Result<Value> PlacedFile::save(const Value& params) const {
    AGENT_TRY(const auto target, path.fill_path(params));
    AGENT_TRY(const auto facts, look_at(target));
    return save_file(target, facts);
}

Result<StepOutcome> PlacedFile::place(const Value& params, const std::string& content, const Value& saved) const {
    AGENT_TRY(const auto target, path.fill_path(params));
    AGENT_TRY(const auto facts, look_at(target));
    AGENT_TRY(auto attributes, wanted_attributes(*this));
    AGENT_TRY(const auto previous, read_saved(saved));
    if (previous.path != target || !previous.is_so(facts))
        return Error{Errc::refused, target.string() + " changed while it was looked at"};
    StepOutcome outcome;
    outcome.state = facts_of(target, facts);
    if (facts) {  // replace_file leaves open owners to whoever writes
        attributes.uid = attributes.uid.value_or(facts->uid);
        attributes.gid = attributes.gid.value_or(facts->gid);
    }
    const auto replaced = replace_file(target, content, attributes);
    const auto after = inspect_file(target);
    outcome.touched = true;
    if (after.has_value()) {
        auto state = facts_of(target, after.value());
        outcome.touched = replaced.has_value() || state != outcome.state;
        outcome.state = std::move(state);
    }
    if (replaced.has_error())
        outcome.why = "installing " + target.string() + ": " + replaced.error().message();
    else if (after.has_error() || !after.value() || !is_placed(*after.value(), attributes, sha256_hex(content)))
        outcome.why = target.string() + " was replaced, but is not as it should be";
    else
        outcome.succeeded = true;
    return outcome;
}

}  // namespace agent
