#include "study/contrast_agent.h"

#include <algorithm>
#include <cctype>

#include "core/words.h"

namespace lumbargrade {
namespace {

/// "NONE", "ohne", "0 ml", in an attribute that should name the agent.
bool denies_agent(const Words& agent) {
  return has_word(
      agent, {"no",      "none",   "nein",    "non",    "n",      "na",    "nil",     "null",        "0",       "not",
              "nicht",   "nao",    "ne",      "nei",    "nej",    "false", "unknown", "unspecified", "without", "wo",
              "ohne",    "kein",   "keine",   "keiner", "keines", "sans",  "aucun",   "aucune",      "sin",     "sem",
              "senza",   "zonder", "geen",    "utan",   "uden",   "uten",  "ingen",   "nessun",      "bez",     "brak",
              "ninguno", "nenhum", "nessuno", "нет",    "без",    "无",    "無",      "なし",        "없음"});
}

bool names_agent(const std::string& attribute) {
  const Words words = words_of(attribute);
  return !words.empty() && !denies_agent(words);
}

/// Agents by name or abbreviation.
bool is_agent(const std::string& word) {
  const Words one = {word};
  return has_word(one, {"km",  "ce",  "mdc",  "civ", "pc", "inj", "iv", "ev",  "kl",   "cm",   "gbca",
                        "sdc", "pgd", "cont", "enh", "gd", "ку",  "кв", "пку", "dota", "contr"}) ||
         has_word_from(one, {"gd", "gad", "inj", "dotar", "magnev", "magneg", "multihan", "prohan", "omnisc", "clarisc",
                             "vuew", "elucir", "primov", "eovist", "vasov", "ablav", "artirem", "tehost", "enhanc"}) ||
         has_word_with(one, {"gado", "contrast", "kontras", "enhanced", "inject", "σκιαγρ", "контраст", "усилен",
                             "造影", "增强", "增強", "强化", "強化", "조영", "ガド"});
}

/// What stands with a sign or alone at the end: "+C", "K+", "T1_SAG_C".
bool is_short_for_agent(const std::string& word) {
  return word == "c" || word == "k" || word == "con" || is_agent(word);
}

bool is_number(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// `word` without `beginning`; empty where it does not begin so.
std::string behind(const std::string& word, std::string_view beginning) {
  return word.starts_with(beginning) ? word.substr(beginning.size()) : std::string();
}

/// "i.v.", "M.D.C.": letters one by one, as one word each run.
Words spelt_words(const Words& words) {
  Words spelt(1);
  for (const std::string& word : words) {
    if (word.size() == 1) {
      spelt.back() += word;
    } else if (!spelt.back().empty()) {
      spelt.emplace_back();
    }
  }
  std::erase_if(spelt, [](const std::string& word) { return word.size() < 2; });
  return spelt;
}

/// The words, those that are spelt with points, and after "t1ce" or "t1wgd" what they say behind the weighting.
Words with_parts(Words words) {
  Words parts = spelt_words(words);
  for (const std::string& word : words) {
    for (const char* weighting : {"t1w", "t1"}) {
      const std::string rest = behind(word, weighting);
      if (!rest.empty()) parts.push_back(rest);
    }
  }
  if (std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part == "c" || part == "k"; }))
    parts.emplace_back("ce");
  words.insert(words.end(), parts.begin(), parts.end());
  return words;
}

bool says_agent(const Words& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const bool is_length = words[i] == "cm" && i > 0 && is_number(words[i - 1]);  // "FOV 24 cm"
    if (is_agent(words[i]) && !is_length) return true;
    const bool is_dose = words[i] == "ml" && i > 0 && is_number(words[i - 1]);
    if (is_dose ||
        (words[i].size() > 2 && words[i].ends_with("ml") && is_number(words[i].substr(0, words[i].size() - 2))))
      return true;
  }
  return false;
}

/// "post", "nach", "après", but not after an operation; "postgd".
bool says_after(const Words& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const Words one = {words[i]};
    if (is_short_for_agent(behind(words[i], "post"))) return true;
    if (!has_word(one, {"post", "after", "nach", "apres", "dopo", "despues", "efter", "etter", "pos", "sonra", "posle",
                        "после", "delayed"})) {
      continue;
    }
    const Words next = i + 1 < words.size() ? Words{words[i + 1]} : Words();
    if (!has_word_from(next, {"op", "surg", "fus", "lami", "disc"})) return true;
  }
  return false;
}

bool says_before(const Words& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    for (const char* beginning : {"pre", "non", "un"}) {
      if (is_short_for_agent(behind(words[i], beginning))) return true;
    }
    const bool denies = words[i] == "no" || words[i] == "non" || words[i] == "not";
    if (denies && i + 1 < words.size() && is_short_for_agent(words[i + 1])) return true;
    if (is_agent(words[i]) && words[i].ends_with("siz")) return true;  // Turkish: without
  }
  return has_word(words,
                  {"pre",  "before",  "vor",  "avant", "antes", "prima", "fore", "ennen", "przed",     "pred",   "до",
                   "wo",   "without", "ohne", "kein",  "keine", "sans",  "sin",  "senza", "sem",       "zonder", "geen",
                   "uden", "utan",    "uten", "ilman", "bez",   "без",   "fara", "plain", "unenhanced"}) ||
         has_word_from(words, {"nativ", "natif"}) ||
         has_word_with(words, {"平扫", "平掃", "単純", "單純", "造影前", "增强前", "增強前", "조영전", "비조영"}) ||
         has_pair(words, {{"w", "o"}, {"s", "c"}});
}

bool is_letter_or_digit(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

std::string word_before(const std::string& text, size_t end) {
  size_t first = end;
  while (first > 0 && is_letter_or_digit(text[first - 1])) --first;
  return text.substr(first, end - first);
}

std::string word_at(const std::string& text, size_t first) {
  size_t end = first;
  while (end < text.size() && is_letter_or_digit(text[end])) ++end;
  return text.substr(first, end - first);
}

/// "+C", "T1+GD", "C+", "T1+ sag", "SAG T1 +". A sign between two other words ("sag+cor") is none.
bool has_plus(const std::string& text) {
  for (size_t at = text.find('+'); at != std::string::npos; at = text.find('+', at + 1)) {
    const std::string next = word_at(text, at + 1);
    if (is_short_for_agent(next)) return true;
    if (!next.empty()) continue;
    const std::string previous = word_before(text, at);
    const bool is_last = text.find_first_not_of(' ', at + 1) == std::string::npos;
    if (is_last || is_short_for_agent(previous) || previous == "t1" || previous == "t1w") return true;
  }
  return false;
}

/// "C-", "GD -", "T1 -C", but not "T1-C" or "KM-T1", where the sign only joins.
bool has_minus(const std::string& text) {
  for (size_t at = text.find('-'); at != std::string::npos; at = text.find('-', at + 1)) {
    const std::string next = word_at(text, at + 1);
    const bool stands_apart = at == 0 || text[at - 1] == ' ';
    if (!next.empty()) {
      if (stands_apart && is_short_for_agent(next)) return true;
      continue;
    }
    if (is_short_for_agent(word_before(text, stands_apart && at > 0 ? at - 1 : at))) return true;
  }
  return false;
}

/// "T1_SAG_C", "T1 with", "T1 w/", "SAG T1 PLUS"
bool ends_with_agent(const std::string& text) {
  const Words words = words_of(text);
  return words.size() > 1 && (words.back() == "c" || words.back() == "with" || text.ends_with("w/") ||
                              (words.back() == "plus" && has_word_from(words, {"t1"})));
}

AgentFinding find_in(const std::string& description) {
  const std::string text = folded(description);
  const Words words = with_parts(words_of(text));
  if (has_plus(text) || says_after(words)) return AgentFinding::After;
  if (says_before(words) || has_minus(text)) return AgentFinding::Before;
  const bool is_with = has_pair(words, {{"w", "c"}, {"w", "con"}, {"with", "con"}, {"with", "c"}, {"plus", "c"}});
  const bool is_named = says_agent(words) || is_with || ends_with_agent(text);
  return is_named ? AgentFinding::After : AgentFinding::NotTold;
}

}  // namespace

AgentFinding find_agent(const dicom::Instance& instance) {
  if (names_agent(instance.contrast_agent)) return AgentFinding::After;
  const AgentFinding described = find_in(instance.series_description);
  return described == AgentFinding::NotTold ? find_in(instance.protocol_name) : described;
}

}  // namespace lumbargrade
