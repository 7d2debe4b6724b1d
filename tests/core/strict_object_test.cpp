#include "core/strict_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

using testing::StrEq;

/// The message of the refusal, which must have the source's kind.
std::string refused(const std::string& json, ErrorKind kind) {
  try {
    const JsonSource source{"x.json", kind};
    const auto parsed = parse_strict_json(json, source, 4);
    StrictObject(parsed, source, "", {"inner"}).object("inner", {"count"}).integer("count", 0, 9);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  return "accepted";
}

TEST(StrictObject, ItsErrorsHaveTheCallersKindAndNameThePlace) {
  for (const ErrorKind kind : {ErrorKind::Usage, ErrorKind::BundleInvalid}) {
    EXPECT_THAT(refused(R"({"inner": {"count": 9}})", kind), StrEq("accepted"));
    EXPECT_THAT(refused(R"({"inner": {"count": 10}})", kind),
                StrEq("x.json: inner.count must be a whole number from 0 to 9, not 10"));
    EXPECT_THAT(refused(R"({"inner": {"coumt": 1}})", kind),
                StrEq("x.json: inner.coumt is no known key; did you mean \"count\"?"));
    EXPECT_THAT(refused(R"({"inner": {"count": 1, "count": 2}})", kind), StrEq("x.json: key \"count\" occurs twice"));
    EXPECT_THAT(refused(R"([[[[[]]]]])", kind), StrEq("x.json: JSON nested deeper than 4 levels"));
    EXPECT_THAT(refused("{", kind), testing::StartsWith("x.json is not valid JSON: "));
  }
}

}  // namespace
}  // namespace lumbargrade
