// A bash completion made from the commands themselves, so that it never lags behind them.
#include "cli/command_line.hpp"
#include "cli/output.hpp"

namespace agent::cli {
namespace {

// One case a command: the words that may follow it.
void add_cases(const CLI::App& app, const std::string& path, std::string& script) {
    std::string words;
    for (const auto* sub : app.get_subcommands({})) words += sub->get_name() + ' ';
    for (const auto* option : app.get_options())
        for (const auto& name : option->get_lnames()) words += "--" + name + ' ';
    if (!words.empty()) words.pop_back();
    script += "    '" + path + "') words='" + words + "' ;;\n";
    for (const auto* sub : app.get_subcommands({})) add_cases(*sub, path + '/' + sub->get_name(), script);
}

std::string bash_script(const CLI::App& app) {
    std::string script =
        "# bash completion for compliance-agent\n"
        "_compliance_agent() {\n"
        "  local current=${COMP_WORDS[COMP_CWORD]} path= word words= i\n"
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "    word=${COMP_WORDS[i]}\n"
        "    case $word in\n"
        "    --config) i=$((i + 1)) ;;\n"
        "    -*) ;;\n"
        "    *) [[ $word =~ ^[a-z]+$ ]] && path=$path/$word ;;\n"
        "    esac\n"
        "  done\n"
        "  case $path in\n";
    add_cases(app, "", script);
    script +=
        "  esac\n"
        "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
        "  [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
        "}\n"
        "complete -F _compliance_agent compliance-agent";
    return script;
}

}  // namespace

void add_completion(CLI::App& app, CommandLine& line) {
    auto* command =
        app.add_subcommand("completion", "Prints a completion script: source <(compliance-agent completion bash)");
    command->require_subcommand(1);
    auto* bash = command->add_subcommand("bash", "for bash");
    bash->callback([&app, &line] {
        line.chosen = [&app]() -> int {
            print_line(bash_script(app));
            return fine;
        };
    });
}

}  // namespace agent::cli
