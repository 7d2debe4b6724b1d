#include "cli/completion.h"

#include <set>

#include "core/error.h"
#include "core/joined.h"

namespace lumbargrade::cli {
namespace {

/// In single quotes of a shell.
std::string shell_quoted(const std::string& words) {
  std::string quoted = "'";
  for (const char c : words) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c == '\n' ? ' ' : c);
  return quoted + "'";
}

/// The options of a command with those of the whole program.
std::vector<OptionText> options_of(const CommandText& command, const CommandText& program) {
  std::vector<OptionText> options = command.options;
  if (!command.words.empty()) options.insert(options.end(), program.options.begin(), program.options.end());
  std::erase_if(options, [](const OptionText& option) { return option.is_positional; });
  return options;
}

/// "grade" and so on, as patterns of a case statement: the command so far and the next word.
std::string steps(const std::vector<CommandText>& commands) {
  std::string patterns;
  for (const CommandText& command : commands) {
    if (command.words.empty()) continue;
    const std::vector<std::string> above(command.words.begin(), command.words.end() - 1);
    patterns += text(patterns.empty() ? "" : " | ", shell_quoted(text(joined(above, " "), " ", command.words.back())));
  }
  return patterns;
}

/// Finds out, in bash and zsh alike, which command the words so far have named.
std::string command_loop(const std::vector<CommandText>& commands, const std::string& words) {
  return text("  local command='' word\n  for word in ", words, "; do\n    case \"$command $word\" in\n      ",
              steps(commands), ") command=\"${command:+$command }$word\" ;;\n    esac\n  done\n");
}

/// One line for each option of fixed values: `names) words='a b' ;;`, or in zsh `names) choices=(a b) ;;`.
std::string choice_cases(const std::vector<CommandText>& commands, bool as_array) {
  std::string cases;
  std::set<std::string> seen;
  for (const CommandText& command : commands) {
    for (const OptionText& option : command.options) {
      if (option.choices.empty() || option.is_positional) continue;
      std::string patterns;
      for (const std::string& name : option.names) {
        patterns += text(patterns.empty() ? "" : " | ", shell_quoted(text(joined(command.words, " "), " ", name)));
      }
      if (seen.insert(patterns).second) {
        const std::string values = joined(option.choices, " ");
        cases += text("    ", patterns,
                      as_array ? ") choices=" : ") words=", as_array ? text("(", values, ")") : shell_quoted(values),
                      " ;;\n");
      }
    }
  }
  return cases;
}

std::string bash_words(const CommandText& command, const CommandText& program) {
  std::vector<std::string> words;
  for (const CommandText& inner : command.commands) words.push_back(inner.words.back());
  for (const OptionText& option : options_of(command, program)) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  return joined(words, " ");
}

/// name:description, as _describe wants them.
std::string described(const std::string& name, const std::string& description) {
  std::string line;
  for (const char c : name) line += c == ':' ? std::string("\\:") : std::string(1, c);
  return shell_quoted(line + ":" + description);
}

std::string fish_condition(const CommandText& command) {
  if (command.words.empty()) return "__fish_use_subcommand";
  std::string condition = text("__fish_seen_subcommand_from ", command.words.back());
  if (command.words.size() > 1)
    condition = text("__fish_seen_subcommand_from ", command.words.front(), "; and ", condition);
  // A command's own commands are offered until one of them stands there.
  if (!command.commands.empty()) {
    condition += "; and not __fish_seen_subcommand_from";
    for (const CommandText& inner : command.commands) condition += " " + inner.words.back();
  }
  return condition;
}

std::string fish_option(const OptionText& option, const std::string& condition) {
  std::string line = text("complete -c lumbargrade", condition.empty() ? "" : text(" -n ", shell_quoted(condition)));
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? text(" -l ", name.substr(2)) : text(" -s ", name.substr(1));
  }
  if (!option.choices.empty())
    line += text(" -x -a ", shell_quoted(joined(option.choices, " ")));
  else if (!option.value.empty())
    line += " -r";
  return text(line, " -d ", shell_quoted(option.description), "\n");
}

/// Backslashes, and a point or quote at the beginning of a line, mean something to roff.
std::string roff(const std::string& words) {
  std::string escaped;
  for (const char c : words) {
    const bool at_begin = escaped.empty() || escaped.back() == '\n';
    if (at_begin && (c == '.' || c == '\'')) escaped += "\\&";
    escaped += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
  }
  return escaped;
}

std::string roff_option(const OptionText& option) {
  std::string names;
  for (const std::string& name : option.names) names += text(names.empty() ? "" : ", ", "\\fB", roff(name), "\\fR");
  const std::string value = option.choices.empty() ? option.value : joined(option.choices, " ");
  return text(".TP\n", names, value.empty() ? "" : text(" \\fI", roff(value), "\\fR"), "\n", roff(option.description),
              "\n");
}

}  // namespace

std::string bash_completion(const CommandText& program) {
  const auto commands = all_commands(program);
  std::string script = "# bash completion for lumbargrade, made by `lumbargrade completion bash`\n_lumbargrade() {\n";
  script += "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n";
  script += command_loop(commands, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"");
  script += "  local words=''\n  case \"$command $previous\" in\n";
  script += choice_cases(commands, false);
  script += "  esac\n  if [[ -z $words ]]; then\n    case $command in\n";
  for (const CommandText& command : commands) {
    script += text("      ", shell_quoted(joined(command.words, " ")),
                   ") words=", shell_quoted(bash_words(command, program)), " ;;\n");
  }
  script += "    esac\n    [[ $current == -* || $words != -* ]] || words=''\n  fi\n";
  script += "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n";
  return script + "complete -o default -F _lumbargrade lumbargrade\n";
}

std::string zsh_completion(const CommandText& program) {
  const auto commands = all_commands(program);
  std::string script = "#compdef lumbargrade\n# zsh completion for lumbargrade, made by `lumbargrade completion zsh`\n";
  script += "_lumbargrade() {\n  local previous=${words[CURRENT-1]}\n";
  script += command_loop(commands, "${words[2,CURRENT-1]}");
  script += "  local -a choices options commands\n  case \"$command $previous\" in\n";
  script += choice_cases(commands, true);
  script += "  esac\n  if (( $#choices )); then\n    compadd -a choices\n    return\n  fi\n  case $command in\n";
  for (const CommandText& command : commands) {
    script += text("    ", shell_quoted(joined(command.words, " ")), ")\n      options=(");
    for (const OptionText& option : options_of(command, program)) {
      for (const std::string& name : option.names) script += text(" ", described(name, option.description));
    }
    script += ")\n      commands=(";
    for (const CommandText& inner : command.commands)
      script += text(" ", described(inner.words.back(), inner.description));
    script += ")\n      ;;\n";
  }
  script += "  esac\n  if [[ $PREFIX == -* ]]; then\n    _describe -o option options\n";
  script += "  elif (( $#commands )); then\n    _describe command commands\n  else\n    _files\n  fi\n}\n";
  return script + "_lumbargrade \"$@\"\n";
}

std::string fish_completion(const CommandText& program) {
  std::string script = "# fish completion for lumbargrade, made by `lumbargrade completion fish`\n";
  for (const CommandText& command : all_commands(program)) {
    const std::string condition = fish_condition(command);
    for (const CommandText& inner : command.commands) {
      script += text("complete -c lumbargrade -f -n ", shell_quoted(condition), " -a ", inner.words.back(), " -d ",
                     shell_quoted(inner.description), "\n");
    }
    for (const OptionText& option : command.options) {
      if (!option.is_positional) script += fish_option(option, command.words.empty() ? "" : condition);
    }
  }
  return script;
}

std::string manual_page(const CommandText& program, const std::string& version) {
  std::string page = text(".TH LUMBARGRADE 1 \"\" \"lumbargrade ", version, "\"\n.SH NAME\nlumbargrade \\- ",
                          "grades lumbar spine MRI\n.SH SYNOPSIS\n.B lumbargrade\nCOMMAND [ARGUMENTS]\n");
  page += text(".SH DESCRIPTION\n", roff(program.description), "\n");
  for (const CommandText& command : all_commands(program)) {
    const bool is_program = command.words.empty();
    page += is_program ? std::string(".SH OPTIONS\n")
                       : text(".SH \"", roff(text("lumbargrade ", joined(command.words, " "))), "\"\n",
                              roff(command.description), "\n");
    for (const OptionText& option : command.options) page += roff_option(option);
    if (!is_program && !command.footer.empty()) page += text(".PP\n.nf\n", roff(command.footer), "\n.fi\n");
  }
  page += ".SH \"EXIT STATUS\"\n";
  for (const auto& [code, meaning] : {std::pair(0, "done"),
                                      {1, "failure outside the input: disk full, output exists"},
                                      {2, "the command line is wrong"},
                                      {3, "some studies failed"},
                                      {4, "no study that can be graded"},
                                      {5, "the model bundle is invalid"}}) {
    page += text(".TP\n.B ", code, "\n", meaning, "\n");
  }
  return page;
}

}  // namespace lumbargrade::cli
