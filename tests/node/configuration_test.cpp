#include "node/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "node/check.h"

namespace lumbargrade::node {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLeast = "[node]\nfolder = /var/lib/lg\n[sender PACS]\n";

std::string refusal(const std::string& content) {
  try {
    parse_configuration(content, "node.conf");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "accepted";
}

TEST(NodeConfiguration, WhatIsNotSaidHasItsDefault) {
  const Configuration values = parse_configuration(kLeast, "node.conf").values;
  EXPECT_EQ(values.ae_title, "LUMBARGRADE");
  EXPECT_EQ(values.address, "127.0.0.1");
  EXPECT_EQ(values.port, 11112);
  EXPECT_EQ(values.quiet_s, 60);
  EXPECT_EQ(values.folder, "/var/lib/lg");
  ASSERT_EQ(values.senders.size(), 1U);
  EXPECT_EQ(values.senders[0].ae_title, "PACS");
  EXPECT_TRUE(values.peers.empty());
}

TEST(NodeConfiguration, ReadsSectionsCommentsAndSeveralPeers) {
  const Configuration values =
      parse_configuration(
          "# a comment\n[node] # another\n folder=/d\n port = 104 # not 11112\n\n[grading]\n"
          "results = seg, sr\njobs=3\n[sender A B]\naddress = 10.0.0.7\n[peer ONE]\n"
          "address = pacs.example\nport=4242\ncommitment = yes\n[peer TWO]\naddress=10.0.0.8\n",
          "node.conf")
          .values;
  EXPECT_EQ(values.port, 104);
  EXPECT_EQ(values.jobs, 3);
  EXPECT_EQ(values.results, (std::vector<std::string>{"seg", "sr"}));
  EXPECT_EQ(values.senders[0].ae_title, "A B");
  EXPECT_EQ(values.senders[0].address, "10.0.0.7");
  ASSERT_EQ(values.peers.size(), 2U);
  EXPECT_EQ(values.peers[0].address, "pacs.example");
  EXPECT_TRUE(values.peers[0].commitment);
  EXPECT_EQ(values.peers[1].port, 104);
}

TEST(NodeConfiguration, RefusesWithFileAndLine) {
  const std::string least = kLeast;
  EXPECT_THAT(refusal("[node]\nfolder = /d\nquite_s = 5\n"), HasSubstr("node.conf:3: [node] has no key quite_s"));
  EXPECT_THAT(refusal("[node]\nquite_s = 5\n"), HasSubstr("did you mean \"quiet_s\"?"));
  EXPECT_THAT(refusal("[noode]\n"), HasSubstr("node.conf:1: no section [noode]"));
  EXPECT_THAT(refusal("port = 5\n"), HasSubstr("node.conf:1: a key stands before the first [section]"));
  EXPECT_THAT(refusal("[node]\nport = 70000\n"), HasSubstr("no whole number from 1 to 65535"));
  EXPECT_THAT(refusal("[node]\nport = 11112x\n"), HasSubstr("node.conf:2"));
  EXPECT_THAT(refusal("[node]\nport = 1\nport = 2\n"), HasSubstr("node.conf:3: port is given twice"));
  EXPECT_THAT(refusal("[node]\nfolder = data\n"), HasSubstr("absolute path"));
  EXPECT_THAT(refusal("[node]\naddress = localhost\n"), HasSubstr("no IPv4 address"));
  EXPECT_THAT(refusal("[node]\nport\n"), HasSubstr("neither [section] nor key = value"));
  EXPECT_THAT(refusal("[node]\nport =\n"), HasSubstr("port has no value"));
  EXPECT_THAT(refusal(least + "[node]\n"), HasSubstr("is there twice"));
  EXPECT_THAT(refusal("[sender SEVENTEENLETTERSX]\n"), HasSubstr("no AE title"));
  EXPECT_THAT(refusal("[sender ]\n"), HasSubstr("no AE title"));
  EXPECT_THAT(refusal("[node]\nfolder = /d\n"), HasSubstr("no [sender AE_TITLE] is named"));
  EXPECT_THAT(refusal("[sender A]\n"), HasSubstr("names no folder"));
  EXPECT_THAT(refusal(least + "[peer B]\nport = 5\n"), HasSubstr("[peer B] names no address"));
  EXPECT_THAT(refusal(least + "[peer B]\naddress = b\ntls = yes\n"), HasSubstr("wants tls"));
  EXPECT_THAT(refusal("[node]\nfolder = /d\ncount_at = B\n[sender A]\n"), HasSubstr("there is no [peer B]"));
  EXPECT_THAT(refusal(least + "[grading]\nresults = sr,pdf\n"), HasSubstr("\"pdf\" must be one of sr, sc, seg"));
  EXPECT_THAT(refusal(least + "[tls]\nkey = /none/key.pem\n"), HasSubstr("/none/key.pem is no file"));
}

TEST(NodeConfiguration, EveryLineIsExplained) {
  const std::string words =
      explanation(parse_configuration("[node]\nfolder = /d\nquiet_s = 90\n[sender PACS]\n", "node.conf"));
  EXPECT_THAT(words, HasSubstr("line 3: [node] quiet_s = 90: a study is complete when nothing has come for"));
  EXPECT_THAT(words, HasSubstr("line 4: [sender PACS]: may send images to this node"));
  EXPECT_THAT(words, HasSubstr("default: [node] port = 11112: "));
  EXPECT_THAT(words, HasSubstr("default: [grading] results = sr,sc,seg: "));
}

TEST(NodeConfiguration, TheExampleThatIsShippedIsRight) {
  const Configuration values = read_configuration(LUMBARGRADE_TEST_DATA "/../../scripts/node/node.conf").values;
  EXPECT_EQ(values.folder, "/var/lib/lumbargrade");
  EXPECT_EQ(values.peers.at(0).port, 4242);
}

}  // namespace
}  // namespace lumbargrade::node
