#include "training/grader/grader_recipe.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.h"
#include "network/architecture.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

constexpr const char* kSound = R"({"name": "small", "origin": "here", "needs": "little",
  "networks": [{"condition": "subarticular_stenosis", "views": [{"series": "axial_t2", "anchor": "recess", "slices": 3}],
                "parameters": {"backbone": "resnet18", "pooling": "mean"}}],
  "optimisation": {"class_weights": [1, 2, 4], "epochs": 3}, "folds": 4, "run_folds": [1, 3], "looks": [{}, {"degrees": 5}]})";

class Recipe : public testing::Test {
 protected:
  GraderRecipe read(const std::string& content) {
    const auto path = folder_.path() / "recipe.json";
    std::ofstream(path) << content;
    return read_recipe(path);
  }

  std::string refusal(const std::string& from, const std::string& to) {
    std::string content = kSound;
    content.replace(content.find(from), from.size(), to);
    try {
      read(content);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      return error.what();
    }
    return "accepted";
  }

  TemporaryFolder folder_;
};

TEST_F(Recipe, IsReadWithDefaultsForWhatItLeavesOut) {
  const GraderRecipe recipe = read(kSound);
  ASSERT_EQ(recipe.networks.size(), 1U);
  EXPECT_EQ(recipe.networks[0].conditions, std::vector{Condition::SubarticularStenosis});
  EXPECT_EQ(recipe.networks[0].views[0].slices, 3);
  EXPECT_EQ(recipe.networks[0].views[0].name, "axial_t2");
  EXPECT_EQ(recipe.networks[0].parameters["views"], nlohmann::json({"axial_t2"}));
  EXPECT_EQ(recipe.optimisation.epochs, 3);
  EXPECT_EQ(recipe.run_folds, (std::vector<int>{1, 3}));
  EXPECT_EQ(recipe.tta[1].degrees, 5);
  EXPECT_EQ(recipe.drop_suspects, 0);
  EXPECT_FALSE(recipe.stack);
}

TEST_F(Recipe, IngredientsAreRead) {
  std::string content = kSound;
  const std::string pooling = R"("pooling": "mean"})";
  content.replace(
      content.find(pooling), pooling.size(),
      R"("pooling": "mean", "slices_as": "channels", "slices": 3, "spatial_pooling": "gem", "drop_path": 0.1,
                     "auxiliary": 0.3}, "seeds": 3, "epochs": 7)");
  content.insert(content.rfind('}'), R"(, "weighted_head": {"epochs": 2, "rate": 0.01},
    "augmentation": {"shear": 0.1, "blur": 0.2, "elastic_mm": 1, "cut_out": 0.3, "shuffle_slices": 0.4})");
  const GraderRecipe recipe = read(content);
  ASSERT_EQ(recipe.networks.size(), 3U) << "one entry for each seed";
  EXPECT_EQ(recipe.networks[2].parameters, recipe.networks[0].parameters);
  EXPECT_EQ(recipe.optimisation_of(recipe.networks[1]).epochs, 7);
  EXPECT_EQ(recipe.optimisation.epochs, 3);
  EXPECT_EQ(recipe.weighted_head->epochs, 2);
  EXPECT_EQ(recipe.weighted_head->class_weights, recipe.optimisation.class_weights) << "begins from the optimisation";
  EXPECT_EQ(recipe.augmentation.shear, 0.1);
  EXPECT_EQ(recipe.augmentation.blur, 0.2);
  EXPECT_EQ(recipe.augmentation.elastic_mm, 1);
  EXPECT_EQ(recipe.augmentation.cut_out, 0.3);
  EXPECT_EQ(recipe.augmentation.shuffle_slices, 0.4);
}

TEST_F(Recipe, ANetworkOfSeveralConditionsHasAnOutputForEachInTheUsualOrder) {
  std::string content = kSound;
  const std::string condition = R"("condition": "subarticular_stenosis", "views": [)";
  content.replace(content.find(condition), condition.size(),
                  R"("conditions": ["subarticular_stenosis", "spinal_canal_stenosis"],
                     "views": [{"series": "sagittal_t2", "anchor": "canal"}, )");
  const NetworkRecipe network = read(content).networks.at(0);
  EXPECT_EQ(network.conditions, (std::vector{Condition::SpinalCanalStenosis, Condition::SubarticularStenosis}));
  EXPECT_EQ(network.parameters["outputs"], nlohmann::json({"canal", "subarticular"}));
  EXPECT_TRUE(network.grades(Condition::SubarticularStenosis));
  EXPECT_FALSE(network.grades(Condition::NeuralForaminalNarrowing));
}

TEST_F(Recipe, OneConditionIsTheSameUnderEitherKey) {
  std::string content = kSound;
  const std::string condition = R"("condition": "subarticular_stenosis")";
  content.replace(content.find(condition), condition.size(), R"("conditions": ["subarticular_stenosis"])");
  const NetworkRecipe one = read(kSound).networks.at(0), list = read(content).networks.at(0);
  EXPECT_EQ(one.conditions, list.conditions);
  EXPECT_EQ(one.parameters, list.parameters);
}

TEST_F(Recipe, ConditionsThatContradictThemselvesOrTheViewsAreRefusedByName) {
  const auto with = [&](const std::string& keys) { return refusal(R"("condition": "subarticular_stenosis")", keys); };
  EXPECT_THAT(with(R"("condition": "subarticular_stenosis", "conditions": ["subarticular_stenosis"])"),
              testing::HasSubstr("networks[0].condition contradicts conditions"));
  EXPECT_THAT(with(R"("seeds": 1)"), testing::HasSubstr("networks[0].condition is missing"));
  EXPECT_THAT(with(R"("conditions": ["subarticular_stenosis", "subarticular_stenosis"])"),
              testing::HasSubstr("networks[0].conditions names \"subarticular_stenosis\" twice"));
  EXPECT_THAT(with(R"("conditions": ["subarticular_stenosis", "stenosis"])"),
              testing::HasSubstr("networks[0].conditions names no condition: \"stenosis\""));
  EXPECT_THAT(with(R"("conditions": ["subarticular_stenosis", "neural_foraminal_narrowing"])"),
              testing::HasSubstr("conditions hold neural_foraminal_narrowing, but no view has the anchor foramen"));
  EXPECT_THAT(refusal(R"("pooling": "mean"})", R"("pooling": "mean", "outputs": ["grade"]})"),
              testing::HasSubstr("hold outputs, which follow from conditions"));
}

TEST_F(Recipe, KeysOfANetworkThatContradictEachOtherAreRefusedByName) {
  const auto with = [&](const std::string& keys) {
    return refusal(R"("pooling": "mean"})", R"("pooling": "mean", )" + keys + "}");
  };
  EXPECT_THAT(with(R"("slices_as": "channels", "slices": 5)"),
              testing::HasSubstr("take 5 slices as channels, the view axial_t2 has 3"));
  EXPECT_THAT(with(R"("slices": 3)"), testing::HasSubstr("networks[0].parameters.slices goes with slices_as channels"));
  EXPECT_THAT(with(R"("slices_as": "volume")"),
              testing::HasSubstr("networks[0].parameters.backbone contradicts slices_as"));
  EXPECT_THAT(with(R"("spatial_poling": "gem")"), testing::HasSubstr("did you mean \"spatial_pooling\""));
}

TEST_F(Recipe, EveryShippedRecipeIsSound) {
  int recipes = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(LUMBARGRADE_MODELS) / "recipes")) {
    const GraderRecipe recipe = read_recipe(file.path());
    EXPECT_EQ(recipe.name, file.path().stem().string());
    ++recipes;
  }
  EXPECT_GE(recipes, 14);
}

TEST_F(Recipe, ASecondStageAndPseudoLabelsAreReadWithTheirDefaults) {
  std::string content = kSound;
  content.replace(content.find(R"( "run_folds": [1, 3],)"), 21, "");
  content.insert(content.rfind('}'), R"(, "stack": {"kind": "mlp", "hidden": 64, "steps": 7},
    "pseudo_labels": {"confidence": 0.8})");
  const GraderRecipe recipe = read(content);
  ASSERT_TRUE(recipe.stack);
  EXPECT_EQ(recipe.stack->parameters, nlohmann::json({{"kind", "mlp"}, {"hidden", 64}}));
  EXPECT_EQ(recipe.stack->steps, 7);
  EXPECT_EQ(recipe.stack->rate, 0.01);
  EXPECT_EQ(recipe.pseudo_labels.confidence, 0.8);
  EXPECT_EQ(recipe.pseudo_labels.weight, 0.5);
  EXPECT_EQ(recipe.optimisation.epochs, 3);
  EXPECT_EQ(recipe.folds_to_run(), (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(Recipe, AStackWithoutOutOfFoldPredictionsIsRefused) {
  const std::string folds = R"("folds": 4, "run_folds": [1, 3])";
  EXPECT_THAT(
      refusal(folds, folds + R"(, "stack": {"kind": "linear"})"),
      testing::AllOf(testing::HasSubstr("stack has no out-of-fold predictions"), testing::HasSubstr("run_folds")));
  EXPECT_EQ(refusal(folds, R"("folds": 4, "run_folds": [3, 1, 0, 2], "stack": {"kind": "linear"})"), "accepted");
}

TEST_F(Recipe, AnUnknownKeyIsAnsweredWithTheNearestOne) {
  EXPECT_THAT(refusal("\"epochs\"", "\"epoch\""), testing::HasSubstr("did you mean \"epochs\"?"));
}

TEST_F(Recipe, SenselessValuesAreRefused) {
  EXPECT_THAT(refusal("\"slices\": 3", "\"slices\": 4"), testing::HasSubstr("must be odd"));
  EXPECT_THAT(refusal("[1, 3]", "[1, 9]"), testing::HasSubstr("run_folds"));
  EXPECT_THAT(refusal("[1, 3]", "[1, 1]"), testing::HasSubstr("twice"));
  EXPECT_THAT(refusal("subarticular_stenosis", "subarticular"), testing::HasSubstr("condition"));
  EXPECT_THAT(refusal("[{}, {\"degrees\": 5}]", "[]"), testing::HasSubstr("looks"));
  const auto stack = [&](const std::string& keys) {
    return refusal("\"folds\": 4, \"run_folds\": [1, 3]", "\"folds\": 4, \"stack\": {" + keys + "}");
  };
  EXPECT_THAT(stack(R"("kind": "mlp", "hidden": 20)"), testing::HasSubstr("multiple of 8"));
  EXPECT_THAT(stack(R"("kind": "linear", "hidden": 16)"), testing::HasSubstr("stack.hidden contradicts kind"));
  EXPECT_THAT(stack(R"("kind": "gbdt")"), testing::HasSubstr("stack.kind"));
  EXPECT_THAT(stack(R"("hidden": 16)"), testing::HasSubstr("stack.kind is missing"));
}

TEST(ShippedRecipes, AreSoundAndTheirNetworksCanBeBuilt) {
  for (const char* name : {"fast", "strong", "ensemble", "phantom", "phantom_full"}) {
    const auto path = std::filesystem::path(LUMBARGRADE_MODELS) / "recipes" / (std::string(name) + ".json");
    const GraderRecipe recipe = read_recipe(path);
    EXPECT_EQ(recipe.name, name);
    // The large ones take seconds to build: the first network of each stands for the rest.
    EXPECT_NO_THROW(build_network("grader", recipe.networks.front().parameters, path.string(), "networks[0]"));
  }
}

}  // namespace
}  // namespace lumbargrade
