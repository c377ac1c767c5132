#include "codec/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace agent {
namespace {

constexpr std::size_t file_bytes = 1024UL * 1024UL;
constexpr std::size_t deepest = 64;

// Leaves the library's parser from inside one of its events; caught in parse_yaml.
struct Refusal {
    int line{};
    std::string text;
};

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

// Builds the tree from the library's events, the only place where anchors and several documents are to be seen.
class TreeBuilder final : public YAML::EventHandler {
public:
    YamlNode take_root() { return std::move(root_); }
    // Where the last quoted scalar begins.
    [[nodiscard]] const std::optional<YAML::Mark>& last_quotes() const { return last_quotes_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) throw Refusal{line_of(mark), "a second document begins here; a file holds one"};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        if (awaits_key()) throw Refusal{line_of(mark), "a key must be a word, not null"};
        YamlNode node;
        // The library's mark of an absent value may be that of what follows.
        node.line = open_.empty() || open_.back().key_line == 0 ? line_of(mark) : open_.back().key_line;
        add(std::move(node));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Refusal{line_of(mark), "aliases (*name) are not supported; write the value out"};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (tag == "!") last_quotes_ = mark;
        if (awaits_key()) return begin_member(mark, value);
        YamlNode node;
        node.kind = YamlNode::Kind::scalar;
        node.line = line_of(mark);
        node.text = value;
        node.plain = tag == "?";
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::sequence);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, YamlNode::Kind::map);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        YamlNode node;
        std::string key;  // of the member whose value comes next
        int key_line{};   // 0 where a key comes next
        std::set<std::string, std::less<>> keys;
    };

    [[nodiscard]] bool awaits_key() const {
        return !open_.empty() && open_.back().node.kind == YamlNode::Kind::map && open_.back().key_line == 0;
    }
    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor)
            throw Refusal{line_of(mark), "anchors (&name) are not supported; write the value out"};
    }
    // The library's words for "none given": "?" for a plain scalar or a collection, "!" for a quoted scalar.
    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str")
            throw Refusal{line_of(mark), "explicit types (!tag) are not supported"};
    }
    void begin_member(const YAML::Mark& mark, const std::string& key) {
        auto& map = open_.back();
        if (!map.keys.insert(key).second) throw Refusal{line_of(mark), "duplicate key " + quoted(key, 64)};
        map.key = key;
        map.key_line = line_of(mark);
    }
    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (tag == "!") last_quotes_ = mark;
        if (awaits_key()) throw Refusal{line_of(mark), "a key must be a word, not a list or map"};
        if (open_.size() >= deepest)
            throw Refusal{line_of(mark), "nested deeper than " + std::to_string(deepest) + " levels"};
        Open entry;
        entry.node.kind = kind;
        entry.node.line = line_of(mark);
        open_.push_back(std::move(entry));
    }
    void close() {
        YamlNode done = std::move(open_.back().node);
        open_.pop_back();
        add(std::move(done));
    }
    void add(YamlNode node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& parent = open_.back();
        if (parent.node.kind == YamlNode::Kind::sequence) {
            parent.node.items.push_back(std::move(node));
        } else {
            parent.node.members.push_back({std::move(parent.key), parent.key_line, std::move(node)});
            parent.key_line = 0;
        }
    }

    int documents_{};
    std::optional<YAML::Mark> last_quotes_;
    std::vector<Open> open_;
    YamlNode root_;
};

// The library takes quotes that are still open at the end of the file for closed: a file cut short would pass.
bool are_closed(std::string_view text, const YAML::Mark& quotes) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // not counted in marks
    text.remove_prefix(std::min(static_cast<std::size_t>(quotes.pos), text.size()));
    if (!text.starts_with('\'') && !text.starts_with('"')) return true;  // a block scalar
    const char quote = text.front();
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (quote == '"' && text[i] == '\\') {
            ++i;
        } else if (text[i] == quote) {
            if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) return true;
            ++i;  // a doubled single quote stands for itself
        }
    }
    return false;
}

std::optional<Refusal> build(const std::string& bytes, TreeBuilder& builder) {
    try {
        std::istringstream stream{bytes};
        YAML::Parser parser{stream};
        while (parser.HandleNextDocument(builder)) continue;
    } catch (const Refusal& refusal) {
        return refusal;
    } catch (const YAML::Exception& error) {
        return Refusal{error.mark.is_null() ? 0 : line_of(error.mark), "not YAML: " + error.msg};
    }
    if (const auto& quotes = builder.last_quotes(); quotes && !are_closed(bytes, *quotes))
        return Refusal{line_of(*quotes), "not YAML: the quotes are never closed"};
    return std::nullopt;
}

std::optional<Refusal> refuse_bytes(const std::string& bytes) {
    if (bytes.size() > file_bytes) return Refusal{0, "larger than 1 MiB"};
    const auto bad = std::min(invalid_utf8_at(bytes), bytes.find('\0'));
    if (bad == std::string::npos) return std::nullopt;
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(bad);
    return Refusal{static_cast<int>(std::count(bytes.begin(), end, '\n')) + 1, "not UTF-8 text"};
}

}  // namespace

std::string Fault::to_string() const {
    std::string message = file;
    if (line > 0) message += ':' + std::to_string(line);
    if (!key.empty()) message += ": " + key;
    return message + ": " + text;
}

const YamlNode* YamlNode::find(std::string_view name) const noexcept {
    for (const auto& member : members)
        if (member.name == name) return &member.value;
    return nullptr;
}

YamlResult parse_yaml(std::string bytes, const std::filesystem::path& path) {
    const auto fault = [&path](const Refusal& refusal) { return Fault{path.string(), refusal.line, {}, refusal.text}; };
    if (const auto refusal = refuse_bytes(bytes)) return fault(*refusal);
    TreeBuilder builder;
    if (const auto refusal = build(bytes, builder)) return fault(*refusal);
    YamlFile file{path, std::move(bytes), builder.take_root()};
    if (file.root.line == 0) file.root.line = 1;  // an empty file has no event
    return file;
}

YamlResult load_yaml(const std::filesystem::path& path) {
    const auto fault = [&path](std::string text) { return Fault{path.string(), 0, {}, std::move(text)}; };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) return fault(error.message());
    if (std::filesystem::is_directory(status)) return fault("is a directory, not a file");
    std::ifstream stream{path, std::ios::binary};
    if (!stream) return fault("cannot be opened; may this user read it?");
    std::string bytes(file_bytes + 1, '\0');
    stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (stream.bad()) return fault("cannot be read");
    bytes.resize(static_cast<std::size_t>(stream.gcount()));
    bytes.shrink_to_fit();
    return parse_yaml(std::move(bytes), path);
}

}  // namespace agent
