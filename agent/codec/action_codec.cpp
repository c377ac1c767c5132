#include "codec/action_codec.hpp"

#include "codec/members.hpp"

namespace agent {
namespace {

Result<std::optional<std::vector<std::string>>> read_argv(const Members& members) {
    AGENT_TRY(const auto* value, members.required("command"));
    if (value->is_null()) return std::optional<std::vector<std::string>>{};
    AGENT_TRY(members.strings("command"));
    std::vector<std::string> argv;
    for (const auto& word : *value->array()) argv.push_back(*word.string());
    return std::optional{std::move(argv)};
}

// A real that is a whole number may come back as an integer.
Result<double> read_seconds(const Members& members) {
    AGENT_TRY(members.number("duration_sec"));
    const auto* value = members.find("duration_sec");
    return value->real() != nullptr ? *value->real() : static_cast<double>(*value->integer());
}

}  // namespace

Value value_of(const ActionTaken& taken) {
    return Value::object({{"step", taken.step},
                          {"action", taken.action},
                          {"command", taken.command ? Value::strings(*taken.command) : Value{}},
                          {"exit_code", taken.exit_code ? Value{*taken.exit_code} : Value{}},
                          {"duration_sec", taken.duration_sec},
                          {"result", taken.result},
                          {"output_head", taken.output_head},
                          {"output_tail", taken.output_tail}});
}

Result<ActionTaken> read_action_taken(const Value& value) {
    AGENT_TRY(const auto members, Members::of(value, "taken"));
    ActionTaken taken;
    AGENT_TRY(taken.step, members.integer("step"));
    AGENT_TRY(taken.action, members.string("action"));
    AGENT_TRY(taken.command, read_argv(members));
    AGENT_TRY(taken.exit_code, members.integer_or_null("exit_code"));
    AGENT_TRY(taken.duration_sec, read_seconds(members));
    AGENT_TRY(taken.result, members.string("result"));
    AGENT_TRY(taken.output_head, members.string("output_head"));
    AGENT_TRY(taken.output_tail, members.string("output_tail"));
    return taken;
}

}  // namespace agent
