#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "drift/firewall/render.hpp"

namespace agent {
namespace {

constexpr std::size_t rule_text_most = 2000;
constexpr std::size_t statement_json_most = 300;

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

std::string render_operator(const std::string& op) {
    static constexpr std::array<std::string_view, 6> known{"==", "!=", "<", ">", "<=", ">="};
    return std::ranges::find(known, op) != known.end() ? op : render_value(Value{op});
}

std::string render_match(const Value& body) {
    const auto* word = body.find("op");
    const std::string op = word == nullptr || word->string() == nullptr ? "==" : *word->string();
    const bool silent = (op == "==" && !is_calculated(body.find("left"))) || op == "in";
    const auto* right = body.find("right");
    return render_member(body, "left", "") + (silent ? " " : ' ' + render_operator(op) + ' ') +
           (right == nullptr ? "" : render_value(*right));
}

std::string render_limit(const Value& body) {
    if (body.string() != nullptr) return by_name("limit", body);
    const auto unit = render_member(body, "rate_unit", " ");
    return std::string{"limit rate"} + (is_set(body, "inv") ? " over" : "") + render_member(body, "rate", " ") +
           (unit == " packets" ? "" : unit) + render_member(body, "per", "/") +
           render_member(body, "burst", " burst ") +
           (body.find("burst") == nullptr ? "" : render_member(body, "burst_unit", " "));
}

std::string render_quota(const Value& body) {
    if (body.string() != nullptr) return by_name("quota", body);
    return std::string{"quota"} + (is_set(body, "inv") ? " over" : "") + render_member(body, "val", " ") +
           render_member(body, "val_unit", " ");
}

std::string render_counter(const Value& body) { return body.is_null() ? "counter" : by_name("counter", body); }

std::string render_log(const Value& body) {
    std::string text = "log";
    const auto* prefix = body.find("prefix");
    if (prefix != nullptr && prefix->string() != nullptr) text += " prefix " + agent::quoted(*prefix->string());
    return text + render_member(body, "level", " level ") + render_member(body, "group", " group ") +
           render_member(body, "snaplen", " snaplen ") + render_member(body, "queue-threshold", " queue-threshold ") +
           render_member(body, "flags", " flags ");
}

std::string render_reject(const Value& body) {
    const auto* type = body.find("type");
    if (type == nullptr) return "reject";
    if (*type == Value{"tcp reset"}) return "reject with tcp reset";
    return "reject with" + render_member(body, "type", " ") + render_member(body, "expr", " ");
}

std::string render_nat(std::string_view name, const Value& body) {
    std::string text{name};
    const bool says_where = body.find("addr") != nullptr || body.find("port") != nullptr;
    text += render_member(body, "family", " ");
    if (says_where)
        text += " to" + render_member(body, "addr", " ") +
                render_member(body, "port", body.find("addr") != nullptr ? ":" : " :");
    return text + render_member(body, "flags", " ") + render_member(body, "type_flags", " ");
}

std::string render_queue(const Value& body) {
    return "queue" + render_member(body, "num", " num ") + render_member(body, "flags", " flags ");
}

// "add @seen { ip saddr timeout 1m limit rate … }"
std::string render_filling(std::string_view kind, const Value& body) {
    std::string text =
        render_member(body, "op", "") + render_member(body, kind, " ") + " {" + render_member(body, "elem", " ");
    if (const auto* statements = body.find("stmt"))
        text += ' ' + (statements->array() != nullptr ? render_expressions(*statements)
                                                      : render_expressions(Value::array({*statements})));
    return text + render_member(body, "data", " : ") + " }";
}

std::string render_meter(const Value& body) {
    const auto* statement = body.find("stmt");
    return "meter" + render_member(body, "name", " ") + render_member(body, "size", " size ") + " {" +
           render_member(body, "key", " ") +
           (statement == nullptr ? "" : ' ' + render_expressions(Value::array({*statement}))) + " }";
}

std::string render_extension(const Value& body) {
    return "xt" + render_member(body, "type", " ") + render_member(body, "name", " ");
}

// As iptables-save prints the rule; its verdict, which follows, is in it.
std::string render_line(const Value& body) {
    const auto* line = body.string();
    if (line == nullptr) return render_value(body);
    auto safe = agent::quoted(*line, rule_text_most);
    // Its own quotes read better as they are; what quoted() makes safe otherwise stays so.
    safe = safe.substr(1, safe.size() - 2);
    for (auto at = safe.find("\\\""); at != std::string::npos; at = safe.find("\\\"", at + 1)) safe.erase(at, 1);
    return safe;
}

using StatementRenderer = std::string (*)(const Value& body);
struct Statement {
    std::string_view name;
    StatementRenderer render;
    bool may_be_word{false};  // as well as an object
};

constexpr std::array statement_renderers{
    Statement{"match", &render_match},
    Statement{"vmap",
              [](const Value& b) { return render_member(b, "key", "") + " vmap" + render_member(b, "data", " "); }},
    Statement{"counter", &render_counter, true},
    Statement{"limit", &render_limit, true},
    Statement{"quota", &render_quota, true},
    Statement{"log", &render_log},
    Statement{"reject", &render_reject},
    Statement{"snat", [](const Value& b) { return render_nat("snat", b); }},
    Statement{"dnat", [](const Value& b) { return render_nat("dnat", b); }},
    Statement{"masquerade", [](const Value& b) { return render_nat("masquerade", b); }},
    Statement{"redirect", [](const Value& b) { return render_nat("redirect", b); }},
    Statement{"tproxy", [](const Value& b) { return render_nat("tproxy", b); }},
    Statement{"mangle",
              [](const Value& b) { return render_member(b, "key", "") + " set" + render_member(b, "value", " "); }},
    Statement{"queue", &render_queue},
    Statement{"set", [](const Value& b) { return render_filling("set", b); }},
    Statement{"map", [](const Value& b) { return render_filling("map", b); }},
    Statement{"meter", &render_meter},
    Statement{"ct helper", [](const Value& b) { return "ct helper set " + render_value(b); }, true},
    Statement{"ct timeout", [](const Value& b) { return "ct timeout set " + render_value(b); }, true},
    Statement{"ct expectation", [](const Value& b) { return "ct expectation set " + render_value(b); }, true},
    Statement{"ct count",
              [](const Value& b) {
                  return std::string{"ct count"} + (is_set(b, "inv") ? " over" : "") + render_member(b, "val", " ");
              }},
    Statement{
        "fwd",
        [](const Value& b) { return "fwd to" + render_member(b, "addr", " ") + render_member(b, "dev", " device "); }},
    Statement{
        "dup",
        [](const Value& b) { return "dup to" + render_member(b, "addr", " ") + render_member(b, "dev", " device "); }},
    Statement{"flow",
              [](const Value& b) { return "flow" + render_member(b, "op", " ") + render_member(b, "flowtable", " "); }},
    Statement{"synproxy",
              [](const Value& b) {
                  return b.string() != nullptr ? by_name("synproxy", b)
                                               : "synproxy " + shortened(write_json(b), statement_json_most);
              },
              true},
    Statement{"xt", &render_extension},
    Statement{"iptables", &render_line, true},
};

std::string render_statement(const Value& statement) {
    const auto* members = statement.object();
    if (members == nullptr || members->size() != 1) return render_value(statement);
    const auto& [name, body] = *members->begin();
    const auto known = std::ranges::find(statement_renderers, name, &Statement::name);
    // What carries no details of its own (a verdict, notrack) is its name.
    const bool bare = body.is_null() && name != "counter";
    if (known == statement_renderers.end() || bare) return render_value(statement);
    const bool is_expected =
        body.is_null() || body.object() != nullptr || (known->may_be_word && body.string() != nullptr);
    return is_expected ? known->render(body) : name + ' ' + shortened(write_json(body), statement_json_most);
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
        if (text.size() > rule_text_most) break;
    }
    return shortened(std::move(text), rule_text_most);
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
    return shortened(std::move(text), rule_text_most);
}

}  // namespace agent
