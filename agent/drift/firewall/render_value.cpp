#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "drift/firewall/render.hpp"

namespace agent {
namespace {

constexpr std::size_t json_most = 300;

std::string render_word(const std::string& word) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view{"_.:/-+*@%#"}.find(c) != std::string_view::npos;
    };
    const bool plain = !word.empty() && std::ranges::all_of(word, is_plain);
    return plain ? word : agent::quoted(word);
}

std::string joined(const Value::Array& items, std::string_view between) {
    std::string text;
    for (const auto& item : items) {
        if (!text.empty()) text += between;
        text += render_value(item);
    }
    return text;
}

std::string member(const Value& body, std::string_view name) {
    const auto* value = body.find(name);
    return value == nullptr ? "" : render_value(*value);
}

std::string render_payload(const Value& body) {
    if (body.find("base") != nullptr)
        return '@' + member(body, "base") + ',' + member(body, "offset") + ',' + member(body, "len");
    return member(body, "protocol") + render_member(body, "field", " ");
}

std::string render_meta(const Value& body) {
    static constexpr std::array<std::string_view, 6> bare{"iif", "iifname", "oif", "oifname", "iifgroup", "oifgroup"};
    auto key = member(body, "key");
    return std::ranges::find(bare, key) != bare.end() ? key : "meta " + key;
}

std::string render_set(const Value& body) {
    const auto* items = body.array();
    if (items == nullptr) return render_value(body);
    std::string text;
    for (const auto& item : *items) {
        if (!text.empty()) text += ", ";
        const auto* pair = item.array();
        text += pair != nullptr && pair->size() == 2 ? render_value(pair->front()) + " : " + render_value(pair->back())
                                                     : render_value(item);
    }
    return "{ " + text + " }";
}

std::string render_list(const Value& body, std::string_view between) {
    const auto* items = body.array();
    return items == nullptr ? render_value(body) : joined(*items, between);
}

std::string render_hash(std::string_view name, const Value& body) {
    return std::string{name} + render_member(body, "expr", " ") + render_member(body, "mod", " mod ") +
           render_member(body, "seed", " seed ") + render_member(body, "offset", " offset ");
}

using Renderer = std::string (*)(const Value& body);
struct Entry {
    std::string_view name;
    Renderer render;
};

constexpr std::array renderers{
    Entry{"payload", &render_payload},
    Entry{"meta", &render_meta},
    Entry{"set", &render_set},
    Entry{"prefix", [](const Value& b) { return member(b, "addr") + render_member(b, "len", "/"); }},
    Entry{"range", [](const Value& b) { return render_list(b, "-"); }},
    Entry{"concat", [](const Value& b) { return render_list(b, " . "); }},
    Entry{"ct",
          [](const Value& b) {
              return "ct" + render_member(b, "dir", " ") + render_member(b, "family", " ") +
                     render_member(b, "key", " ");
          }},
    Entry{"rt", [](const Value& b) { return "rt" + render_member(b, "family", " ") + render_member(b, "key", " "); }},
    Entry{"socket", [](const Value& b) { return "socket" + render_member(b, "key", " "); }},
    Entry{"osf",
          [](const Value& b) { return "osf" + render_member(b, "ttl", " ttl ") + render_member(b, "key", " "); }},
    Entry{"ipsec",
          [](const Value& b) {
              return "ipsec" + render_member(b, "dir", " ") + render_member(b, "spnum", " spnum ") +
                     render_member(b, "family", " ") + render_member(b, "key", " ");
          }},
    Entry{"fib",
          [](const Value& b) {
              const auto* flags = b.find("flags");
              return "fib " + (flags == nullptr ? "" : render_list(*flags, " . ")) + render_member(b, "result", " ");
          }},
    Entry{"exthdr",
          [](const Value& b) { return "exthdr" + render_member(b, "name", " ") + render_member(b, "field", " "); }},
    Entry{"tcp option",
          [](const Value& b) { return "tcp option" + render_member(b, "name", " ") + render_member(b, "field", " "); }},
    Entry{"ip option",
          [](const Value& b) { return "ip option" + render_member(b, "name", " ") + render_member(b, "field", " "); }},
    Entry{"sctp chunk",
          [](const Value& b) { return "sctp chunk" + render_member(b, "name", " ") + render_member(b, "field", " "); }},
    Entry{"dccp option", [](const Value& b) { return "dccp option" + render_member(b, "type", " "); }},
    Entry{"numgen",
          [](const Value& b) {
              return "numgen" + render_member(b, "mode", " ") + render_member(b, "mod", " mod ") +
                     render_member(b, "offset", " offset ");
          }},
    Entry{"jhash", [](const Value& b) { return render_hash("jhash", b); }},
    Entry{"symhash", [](const Value& b) { return render_hash("symhash", b); }},
    Entry{"map", [](const Value& b) { return member(b, "key") + " map" + render_member(b, "data", " "); }},
    Entry{"|", [](const Value& b) { return render_list(b, " | "); }},
    Entry{"^", [](const Value& b) { return render_list(b, " ^ "); }},
    Entry{"&", [](const Value& b) { return render_list(b, " & "); }},
    Entry{"<<", [](const Value& b) { return render_list(b, " << "); }},
    Entry{">>", [](const Value& b) { return render_list(b, " >> "); }},
    Entry{"elem",
          [](const Value& b) {
              return member(b, "val") + render_member(b, "timeout", " timeout ") +
                     render_member(b, "comment", " comment ") + (b.find("counter") != nullptr ? " counter" : "");
          }},
    Entry{"jump", [](const Value& b) { return "jump" + render_member(b, "target", " "); }},
    Entry{"goto", [](const Value& b) { return "goto" + render_member(b, "target", " "); }},
};

std::string render_named(const std::string& name, const Value& body) {
    if (body.is_null()) return render_word(name);  // a verdict
    const auto known = std::ranges::find(renderers, name, &Entry::name);
    if (known != renderers.end()) return known->render(body);
    return render_word(name) + ' ' + shortened(write_json(body), json_most);
}

}  // namespace

std::string render_member(const Value& body, std::string_view name, std::string_view before) {
    const auto text = member(body, name);
    return text.empty() ? "" : std::string{before} + text;
}

std::string render_value(const Value& value) {
    if (const auto* present = value.boolean()) return *present ? "exists" : "missing";
    if (const auto* word = value.string()) return render_word(*word);
    if (const auto* items = value.array()) return joined(*items, ",");
    if (const auto* members = value.object(); members != nullptr && members->size() == 1)
        return render_named(members->begin()->first, members->begin()->second);
    return shortened(write_json(value), json_most);
}

std::string shortened(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    auto end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    return text + "…";
}

}  // namespace agent
