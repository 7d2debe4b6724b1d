#include "bundle/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "bundle/example_bundle.h"
#include "bundle/golden.h"
#include "bundle/verify.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/sha256.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A sound bundle on the disk, to be damaged.
class BundleOnDisk : public ::testing::Test {
 protected:
  void SetUp() override { manifest_ = write_bundle(folder(), example_manifest(), {example_network()}); }

  fs::path folder() const { return folder_ / "bundle"; }
  fs::path weights() const { return folder() / "locator.safetensors"; }
  NetworkSpec& network() { return manifest_.networks[0]; }

  void store_manifest() { write_file_atomically(folder() / kManifestFile, manifest_text(manifest_)); }

  /// Stores other weights with their right checksum.
  void store_weights(const TensorMap& state) {
    write_safetensors(weights(), state);
    network().weights.sha256 = sha256_of_file(weights());
    store_manifest();
  }

  std::string refusal() const {
    try {
      load_bundle(folder());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
      return error.what();
    }
    return "accepted";
  }

  std::vector<std::string> failed_checks() const {
    std::vector<std::string> failed;
    const bool passed = verify_bundle(folder(), [&](const BundleCheck& check) {
      if (!check.passed) failed.push_back(check.what);
    });
    EXPECT_EQ(passed, failed.empty());
    return failed;
  }

  TemporaryFolder folder_;
  Manifest manifest_;
};

TEST_F(BundleOnDisk, IsReadBackAsItWasWritten) {
  const Bundle bundle = load_bundle(folder());
  EXPECT_EQ(bundle.manifest, manifest_);
  EXPECT_EQ(bundle.sha256, sha256_of_file(folder() / kManifestFile));
  const TensorMap read = collect_state(*bundle.network("locator").network.module);
  for (const auto& [name, tensor] : example_network().state) EXPECT_TRUE(read.at(name).equal(tensor)) << name;
}

TEST_F(BundleOnDisk, PassesItsOwnVerification) {
  EXPECT_THAT(failed_checks(), ElementsAre());
}

TEST_F(BundleOnDisk, GivesProbabilitiesAsTheManifestSays) {
  const Bundle bundle = load_bundle(folder());
  const TensorMap outputs = run_network(bundle.network("locator"), {{"image", torch::randn({2, 1, 8, 16})}});
  const torch::Tensor& fine = outputs.at("fine");
  EXPECT_EQ(fine.sizes(), (std::vector<int64_t>{2, 4, 8, 16}));
  EXPECT_TRUE(torch::allclose(fine.sum(1), torch::ones({2, 8, 16})));
  EXPECT_EQ(outputs.at("coarse").sizes(), (std::vector<int64_t>{2, 3, 4, 8}));
}

TEST_F(BundleOnDisk, DividesLogitsByTheTemperature) {
  OutputSpec spec{"x", {"a", "b"}, "softmax", 2, 1};
  const torch::Tensor logits = torch::tensor({{0.0f, 2.0f}});
  EXPECT_NEAR(activate(logits, spec)[0][1].item<double>(), 1 / (1 + std::exp(-1.0)), 1e-6);
  spec.activation = "sigmoid";
  EXPECT_NEAR(activate(logits, spec)[0][0].item<double>(), 0.5, 1e-6);
}

TEST_F(BundleOnDisk, StoresHalfPrecisionAsItIsAndStillPasses) {
  const auto full = fs::file_size(weights());
  TrainedNetwork network = example_network();
  for (auto& [name, tensor] : network.state) {
    if (tensor.is_floating_point()) tensor = tensor.detach().to(at::kHalf);
  }
  write_bundle(folder(), example_manifest(), {network});
  EXPECT_LT(fs::file_size(weights()), 0.8 * static_cast<double>(full));
  EXPECT_THAT(failed_checks(), ElementsAre());
}

TEST_F(BundleOnDisk, IsRefusedWhenTheManifestIsMissing) {
  fs::remove(folder() / kManifestFile);
  EXPECT_THAT(refusal(), HasSubstr("manifest.json cannot be read; is"));
  EXPECT_THAT(failed_checks(), ElementsAre("manifest"));
}

TEST_F(BundleOnDisk, IsRefusedWhenTheWeightsAreMissing) {
  fs::remove(weights());
  EXPECT_THAT(refusal(), HasSubstr("locator.safetensors, which the manifest names, cannot be read"));
}

TEST_F(BundleOnDisk, IsRefusedWhenOneByteOfTheWeightsChanged) {
  std::fstream file(weights(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('!');
  file.close();
  EXPECT_THAT(refusal(), HasSubstr("the file was changed or damaged"));
  EXPECT_THAT(failed_checks(), ElementsAre("locator: sha256 of locator.safetensors"));
}

TEST_F(BundleOnDisk, IsRefusedWhenALinkLeadsOutOfIt) {
  fs::rename(weights(), folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", weights());
  EXPECT_THAT(refusal(), HasSubstr("leads out of the bundle"));
}

TEST_F(BundleOnDisk, IsRefusedWhenATensorIsMissingOrMisshaped) {
  TensorMap state = example_network().state;
  const torch::Tensor bias = state.at("head.bias");
  state.erase("head.bias");
  store_weights(state);
  EXPECT_THAT(refusal(), HasSubstr("tensor \"head.bias\", which the network needs, is missing"));
  state["head.bias"] = torch::zeros({bias.size(0) + 1});
  store_weights(state);
  EXPECT_THAT(refusal(), HasSubstr("\"head.bias\" has shape [20], the network needs [19]"));
  EXPECT_THAT(failed_checks(), ElementsAre("locator: tensors"));
}

TEST_F(BundleOnDisk, IsRefusedWhenTheArchitectureIsUnknown) {
  network().architecture = "unett";
  store_manifest();
  EXPECT_THAT(refusal(),
              HasSubstr("network \"locator\".architecture is the unknown \"unett\"; did you mean \"unet\"?"));
}

TEST_F(BundleOnDisk, IsRefusedWhenAParameterIsSenseless) {
  network().parameters["widths"] = {4, 1 << 30};
  store_manifest();
  EXPECT_THAT(refusal(), HasSubstr("network \"locator\".parameters.widths must be a whole number from 1 to 1024"));
  network().parameters = {{"width", {4, 8}}, {"fine_classes", 4}, {"coarse_maps", 3}};
  store_manifest();
  EXPECT_THAT(refusal(), HasSubstr("parameters.width is no known key; did you mean \"widths\"?"));
}

TEST_F(BundleOnDisk, FailsVerificationWhenTheGoldenOutputDiffers) {
  TensorMap state = example_network().state;
  state["head.bias"] = state["head.bias"] + torch::arange(19) * 0.01f;
  store_weights(state);
  EXPECT_EQ(refusal(), "accepted");
  EXPECT_THAT(failed_checks(), ElementsAre("locator: golden output"));
}

TEST_F(BundleOnDisk, FailsVerificationWhenTheClassesAreMiscounted) {
  network().outputs[0].classes.pop_back();
  store_manifest();
  EXPECT_THAT(failed_checks(), ElementsAre("claims"));
}

TEST_F(BundleOnDisk, FailsVerificationWhenTheAxesContradictTheGoldenInput) {
  network().inputs[0].axes[2].size = 25;
  store_manifest();
  EXPECT_THAT(failed_checks(), ElementsAre("locator: tensors"));
}

TEST_F(BundleOnDisk, FailsVerificationWhenTheDownsamplingIsWrong) {
  network().outputs[1].downsampling = 4;
  store_manifest();
  EXPECT_THAT(failed_checks(), ElementsAre("locator: golden output"));
}

TEST_F(BundleOnDisk, IsNotWrittenWithAManifestThatWouldBeRefused) {
  Manifest wrong = example_manifest();
  wrong.grading.measure(Measure::CanalAp)->width = 0;
  EXPECT_THROW(write_bundle(folder(), wrong, {example_network()}), Error);
  EXPECT_EQ(load_bundle(folder()).manifest, manifest_);
}

TEST_F(BundleOnDisk, HasNoNetworkOfAnotherRole) {
  EXPECT_THROW(load_bundle(folder()).network("canal"), Error);
}

}  // namespace
}  // namespace lumbargrade
