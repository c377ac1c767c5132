#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "drift/firewall/render.hpp"

namespace agent {
namespace {

constexpr std::size_t text_most = 2000;
constexpr std::size_t json_most = 300;

std::string with(const Value& body, std::string_view name, std::string_view before) {
    const auto* value = body.find(name);
    return value == nullptr ? "" : std::string{before} + render_value(*value);
}

bool is_set(const Value& body, std::string_view name) {
    const auto* value = body.find(name);
    return value != nullptr && value->boolean() != nullptr && *value->boolean();
}

// `counter name "c1"`
std::string by_name(std::string_view statement, const Value& body) {
    const auto* name = body.string();
    return std::string{statement} + " name " + (name == nullptr ? render_value(body) : agent::quoted(*name));
}

bool is_calculated(const Value* left) {
    const auto* members = left == nullptr ? nullptr : left->object();
    return members != nullptr && members->size() == 1 &&
           std::string_view{"|^&<<>>"}.find(members->begin()->first) != std::string_view::npos;
}

std::string render_match(const Value& body) {
    const auto* word = body.find("op");
    const std::string op = word == nullptr || word->string() == nullptr ? "==" : *word->string();
    const bool silent = (op == "==" && !is_calculated(body.find("left"))) || op == "in";
    const auto* right = body.find("right");
    // An interface may be named like anything; nft quotes it.
    return with(body, "left", "") + (silent ? " " : ' ' + render_value(Value{op}) + ' ') +
           (right == nullptr ? "" : render_value(*right));
}

std::string render_limit(const Value& body) {
    if (body.string() != nullptr) return by_name("limit", body);
    const auto unit = with(body, "rate_unit", " ");
    return std::string{"limit rate"} + (is_set(body, "inv") ? " over" : "") + with(body, "rate", " ") +
           (unit == " packets" ? "" : unit) + with(body, "per", "/") + with(body, "burst", " burst ") +
           (body.find("burst") == nullptr ? "" : with(body, "burst_unit", " "));
}

std::string render_quota(const Value& body) {
    if (body.string() != nullptr) return by_name("quota", body);
    return std::string{"quota"} + (is_set(body, "inv") ? " over" : "") + with(body, "val", " ") +
           with(body, "val_unit", " ");
}

std::string render_counter(const Value& body) { return body.is_null() ? "counter" : by_name("counter", body); }

std::string render_log(const Value& body) {
    std::string text = "log";
    const auto* prefix = body.find("prefix");
    if (prefix != nullptr && prefix->string() != nullptr) text += " prefix " + agent::quoted(*prefix->string());
    return text + with(body, "level", " level ") + with(body, "group", " group ") + with(body, "snaplen", " snaplen ") +
           with(body, "queue-threshold", " queue-threshold ") + with(body, "flags", " flags ");
}

std::string render_reject(const Value& body) {
    const auto* type = body.find("type");
    if (type == nullptr) return "reject";
    if (*type == Value{"tcp reset"}) return "reject with tcp reset";
    return "reject with" + with(body, "type", " ") + with(body, "expr", " ");
}

std::string render_nat(std::string_view name, const Value& body) {
    std::string text{name};
    const bool says_where = body.find("addr") != nullptr || body.find("port") != nullptr;
    text += with(body, "family", " ");
    if (says_where)
        text += " to" + with(body, "addr", " ") + with(body, "port", body.find("addr") != nullptr ? ":" : " :");
    return text + with(body, "flags", " ") + with(body, "type_flags", " ");
}

std::string render_queue(const Value& body) {
    return "queue" + with(body, "num", " num ") + with(body, "flags", " flags ");
}

// "add @seen { ip saddr timeout 1m limit rate … }"
std::string render_filling(std::string_view kind, const Value& body) {
    std::string text = with(body, "op", "") + with(body, kind, " ") + " {" + with(body, "elem", " ");
    if (const auto* statements = body.find("stmt"))
        text += ' ' + (statements->array() != nullptr ? render_expressions(*statements)
                                                      : render_expressions(Value::array({*statements})));
    return text + with(body, "data", " : ") + " }";
}

std::string render_meter(const Value& body) {
    const auto* statement = body.find("stmt");
    return "meter" + with(body, "name", " ") + with(body, "size", " size ") + " {" + with(body, "key", " ") +
           (statement == nullptr ? "" : ' ' + render_expressions(Value::array({*statement}))) + " }";
}

std::string render_extension(const Value& body) { return "xt" + with(body, "type", " ") + with(body, "name", " "); }

// As iptables-save prints the rule; its verdict, which follows, is in it.
std::string render_line(const Value& body) {
    const auto* line = body.string();
    if (line == nullptr) return render_value(body);
    auto safe = agent::quoted(*line, text_most);
    // Its own quotes read better as they are; what quoted() makes safe otherwise stays so.
    safe = safe.substr(1, safe.size() - 2);
    for (auto at = safe.find("\\\""); at != std::string::npos; at = safe.find("\\\"", at + 1)) safe.erase(at, 1);
    return safe;
}

using Renderer = std::string (*)(const Value& body);
struct Entry {
    std::string_view name;
    Renderer render;
};

constexpr std::array renderers{
    Entry{"match", &render_match},
    Entry{"vmap", [](const Value& b) { return with(b, "key", "") + " vmap" + with(b, "data", " "); }},
    Entry{"counter", &render_counter},
    Entry{"limit", &render_limit},
    Entry{"quota", &render_quota},
    Entry{"log", &render_log},
    Entry{"reject", &render_reject},
    Entry{"snat", [](const Value& b) { return render_nat("snat", b); }},
    Entry{"dnat", [](const Value& b) { return render_nat("dnat", b); }},
    Entry{"masquerade", [](const Value& b) { return render_nat("masquerade", b); }},
    Entry{"redirect", [](const Value& b) { return render_nat("redirect", b); }},
    Entry{"tproxy", [](const Value& b) { return render_nat("tproxy", b); }},
    Entry{"mangle", [](const Value& b) { return with(b, "key", "") + " set" + with(b, "value", " "); }},
    Entry{"queue", &render_queue},
    Entry{"set", [](const Value& b) { return render_filling("set", b); }},
    Entry{"map", [](const Value& b) { return render_filling("map", b); }},
    Entry{"meter", &render_meter},
    Entry{"ct helper", [](const Value& b) { return "ct helper set " + render_value(b); }},
    Entry{"ct timeout", [](const Value& b) { return "ct timeout set " + render_value(b); }},
    Entry{"ct expectation", [](const Value& b) { return "ct expectation set " + render_value(b); }},
    Entry{"ct count",
          [](const Value& b) {
              return std::string{"ct count"} + (is_set(b, "inv") ? " over" : "") + with(b, "val", " ");
          }},
    Entry{"fwd", [](const Value& b) { return "fwd to" + with(b, "addr", " ") + with(b, "dev", " device "); }},
    Entry{"dup", [](const Value& b) { return "dup to" + with(b, "addr", " ") + with(b, "dev", " device "); }},
    Entry{"flow", [](const Value& b) { return "flow" + with(b, "op", " ") + with(b, "flowtable", " "); }},
    Entry{"synproxy",
          [](const Value& b) {
              return b.string() != nullptr ? by_name("synproxy", b) : "synproxy " + shortened(write_json(b), json_most);
          }},
    Entry{"xt", &render_extension},
    Entry{"iptables", &render_line},
};

std::string render_statement(const Value& statement) {
    const auto* members = statement.object();
    if (members == nullptr || members->size() != 1) return render_value(statement);
    const auto& [name, body] = *members->begin();
    const auto known = std::ranges::find(renderers, name, &Entry::name);
    // What carries no details of its own (a verdict, notrack) is its name.
    const bool bare = body.is_null() && name != "counter";
    return known == renderers.end() || bare ? render_value(statement) : known->render(body);
}

}  // namespace

std::string render_expressions(const Value& expressions) {
    const auto* statements = expressions.array();
    if (statements == nullptr) return render_value(expressions);
    if (!statements->empty() && statements->front().find("iptables") != nullptr)
        return render_statement(statements->front());
    std::string text;
    for (const auto& statement : *statements) {
        if (!text.empty()) text += ' ';
        text += render_statement(statement);
        if (text.size() > text_most) break;
    }
    return shortened(std::move(text), text_most);
}

std::string render_rule(const FirewallRule& rule) {
    auto text = render_expressions(rule.expressions);
    if (!rule.comment.empty()) text += " comment " + agent::quoted(rule.comment);
    return text;
}

std::string render_object(const FirewallKey& key, const FirewallObject& object) {
    std::string text = key.kind;
    for (const auto& word : {key.family, key.table, key.name})
        if (!word.empty()) text += ' ' + render_value(Value{word});
    std::string_view before = ": ";
    for (const auto& [name, value] : *object.attributes.object()) {
        text += before;
        text += render_value(Value{name}) + ' ' + render_value(value);
        before = ", ";
    }
    return shortened(std::move(text), text_most);
}

}  // namespace agent
