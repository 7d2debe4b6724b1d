#include "core/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Words, AreComparedWithoutCaseAndAccents) {
  EXPECT_EQ(folded("S\u00c9QUENCE \u00dcbersicht f\u00f8r \u0130V"), "sequence ubersicht for iv");
  EXPECT_EQ(folded("re\u0301pe\u0301rage"), "reperage");  // accents as characters of their own
  EXPECT_EQ(folded("\u041a\u041e\u041d\u0422\u0420\u0410\u0421\u0422"),
            "\u043a\u043e\u043d\u0442\u0440\u0430\u0441\u0442");
  EXPECT_EQ(folded("\u03a3\u039a\u0399\u0391"), "\u03c3\u03ba\u03b9\u03b1");
  EXPECT_EQ(folded("\u9020\u5f71"), "\u9020\u5f71");
}

TEST(Words, AreFoundBetweenBlanksAndSignsOfAnyScript) {
  EXPECT_THAT(words_of("T2_sag-TSE/fs"), ElementsAre("t2", "sag", "tse", "fs"));
  EXPECT_THAT(words_of("\uff34\uff11\u3000sag\u2013post"), ElementsAre("t1", "sag", "post"));
  EXPECT_THAT(words_of(" +-\u00a0"), IsEmpty());
}

TEST(Words, OfBytesThatAreNoUtf8AreWordsStill) {
  EXPECT_THAT(words_of("REP\xc9RAGE t2"), ElementsAre("reperage", "t2"));
  EXPECT_THAT(words_of("\xf0\x9f"), testing::SizeIs(1));
}

TEST(Words, AreFoundWholeByPartByBeginningAndInPairs) {
  const Words words = words_of("3-plane localizer w/o");
  EXPECT_TRUE(has_word(words, {"plane"}));
  EXPECT_FALSE(has_word(words, {"plan"}));
  EXPECT_TRUE(has_word_from(words, {"plan"}));
  EXPECT_TRUE(has_word_with(words, {"cali"}));
  EXPECT_TRUE(has_pair(words, {{"w", "o"}}));
  EXPECT_FALSE(has_pair(words, {{"plane", "w"}}));
}

}  // namespace
}  // namespace lumbargrade
