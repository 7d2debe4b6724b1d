// How consoles and people of many countries tell of a contrast agent in a series' description.
#include "study/contrast_agent.h"

#include <gtest/gtest.h>

#include <array>

namespace lumbargrade {
namespace {

AgentFinding found_in(const std::string& description, const std::string& agent = "") {
  dicom::Instance instance;
  instance.series_description = description;
  instance.contrast_agent = agent;
  return find_agent(instance);
}

constexpr std::array kAfter = {"T1 SAG POST",
                               "SAG T1 POST GAD",
                               "T1 SAG +GAD",
                               "T1 C+",
                               "T1+C SAG",
                               "T1 sag KM",
                               "T1 tse sag +KM",
                               "T1 SAG mit KM",
                               "T1 SAG nach Gabe",
                               "T1 SAG n. KM",
                               "T1 SAG post Gd",
                               "T1 SAG CON CONTRASTE",
                               "T1 SAG C/C",
                               "T1 SAG GAD",
                               "T1 SAG GADAVIST",
                               "T1 SAG GADOVIST",
                               "T1 SAG OMNISCAN",
                               "T1 SAG CLARISCAN",
                               "T1 SAG VUEWAY",
                               "T1 SAG ELUCIREM",
                               "T1 SAG PRIMOVIST",
                               "T1 SAG VASOVIST",
                               "T1 SAG MDC",
                               "T1 SAG M.D.C.",
                               "T1 SAG met contrast",
                               "T1 SAG NA GD",
                               "T1 SAG EFTER KONTRAST",
                               "T1 SAG KM+",
                               "T1 SAG AVEC GADO",
                               "T1 SAG APRES INJECTION",
                               "T1 SAG Après inj",
                               "T1 SAG K+",
                               "T1 SAG PO KL",
                               "T1 SAG PO K.L.",
                               "T1 SAG +K",
                               "T1 SAG CM",
                               "T1 SAG +CM",
                               "T1 SAG W CONTRAST",
                               "T1 SAG WITH",
                               "T1 SAG W/",
                               "T1 SAG W GAD",
                               "T1 SAG DELAYED",
                               "T1 SAG 强化",
                               "T1 SAG ＋C",
                               "T1CE SAG",
                               "T1C SAG",
                               "ce-T1 sag",
                               "T1GD SAG",
                               "T1+ SAG",
                               "SAG T1 FSE+C",
                               "T1 SAG_PC",
                               "T1w_post sag",
                               "T1postC sag",
                               "T1 SAG postcontrast",
                               "T1 SAG POSTGAD",
                               "T1 Gd-DTPA sag",
                               "T1 SAG GdDTPA",
                               "T1 SAG GBCA",
                               "T1 SAG σκιαγραφικό",
                               "T1 SAG ガドリニウム",
                               "T1 SAG 造影後",
                               "T1 SAG 조영증강",
                               "T1 SAG 增強",
                               "T1 SAG КУ",
                               "T1 SAG с КВ",
                               "T1 SAG kontrasztos",
                               "T1 SAG tehoste",
                               "T1 SAG tehosteella",
                               "T1 SAG pós",
                               "T1 SAG PÓS GD",
                               "T1 SAG CON GD",
                               "T1 SAG DOPO GD",
                               "T1 SAG con mdc",
                               "T1 SAG postkontrastno",
                               "T1 SAG cu SDC",
                               "T1 SAG s KL",
                               "T1 SAG after contrast",
                               "T1 SAG AFTER GAD",
                               "T1 SAG AFTER",
                               "T1 SAG c. contrasto",
                               "T1 SAG 增强扫描",
                               "T1 SAG CONTRASTED",
                               "sag t1 tse post kontrast fs",
                               "T1 SAG CONT",
                               "T1 SAG W/C",
                               "T1 SAG W/CON",
                               "T1 SAG +CONT",
                               "T1 SAG POSTCON",
                               "T1 SAG POST-CON",
                               "SAG T1 +",
                               "SAG T1 PLUS",
                               "SAG T1 PLUS C",
                               "T1 SAG GADOTERIC",
                               "T1 SAG DOTA",
                               "T1 SAG MAGNEGITA",
                               "T1 SAG CONTRASTE EV",
                               "T1 SAG EV",
                               "T1 SAG IV",
                               "T1 SAG I.V.",
                               "SAG T1 C",
                               "T1 SAG GDL",
                               "T1 SAG GADOBUTROL",
                               "T1 SAG Gd 10ml",
                               "T1 SAG 10 ML",
                               "T1 SAG ΜΕ ΣΚΙΑΓΡΑΦΙΚΟ",
                               "T1 SAG с контрастированием",
                               "T1 SAG ПКУ",
                               "T1 SAG после КУ",
                               "T1 SAG kontrastlı",
                               "T1 SAG İV kontrast",
                               "T1 SAG contrastado",
                               "T1 SAG contrastata",
                               "T1 SAG enh",
                               "T1 SAG ENHANCE",
                               "T1 SAG CE+",
                               "T1 SAG +Contrast",
                               "T1_SAG_POSTGD",
                               "T1_SAG_post_KM",
                               "t1_tse_sag_KM",
                               "t1_tse_sag_km_fs",
                               "t1_fl2d_sag_p2_GD",
                               "Sag T1 FS Gd+"};

constexpr std::array kBefore = {"T1 SAG PRE GD",
                                "T1 sag ohne KM",
                                "T1 SAG W/O",
                                "T1 SAG WO",
                                "SAG T1 NATIV",
                                "T1 SAG SIN CONTRASTE",
                                "T1 SAG SENZA MDC",
                                "T1 SAG SANS INJ",
                                "T1 SAG PRE",
                                "T1 SAG NON CON",
                                "T1 SAG C-",
                                "T1 SAG -C",
                                "T1 SAG S/C",
                                "T1 SAG zonder contrast",
                                "T1 SAG utan kontrast",
                                "T1 SAG без контраста",
                                "T1 SAG bez kontrastu",
                                "T1 SAG 平扫",
                                "T1 SAG 造影前",
                                "T1 SAG PRE CONTRAST",
                                "T1 SAG PRECONTRAST",
                                "T1 SAG w/o contrast",
                                "T1 SAG WITHOUT CONTRAST",
                                "T1 SAG NONCONTRAST",
                                "T1 SAG NON-CONTRAST",
                                "T1 SAG NO GAD",
                                "T1 SAG UNENHANCED",
                                "T1 SAG NON ENHANCED",
                                "T1 SAG avant injection",
                                "T1 SAG AVANT GADO",
                                "T1 SAG SEM CONTRASTE",
                                "T1 SAG vor KM",
                                "T1 SAG prima mdc",
                                "T1 SAG antes contraste",
                                "T1 SAG GD-",
                                "T1 SAG pre-Gd",
                                "T1 SAG before contrast",
                                "T1 SAG NO CONTRAST",
                                "T1 SAG bez KL",
                                "T1 SAG 조영전",
                                "T1 SAG 增强前",
                                "T1 SAG nativ vor KM-Gabe",
                                "T1 SAG KM -",
                                "T1 SAG före kontrast",
                                "T1 SAG uden kontrast",
                                "T1 SAG ilman tehostetta",
                                "T1 SAG före KM",
                                "T1 SAG KONTRASTSIZ"};

TEST(FindAgent, KnowsThatOneWasGiven) {
  for (const char* description : kAfter) EXPECT_EQ(found_in(description), AgentFinding::After) << description;
}

TEST(FindAgent, KnowsThatNoneWasGiven) {
  for (const char* description : kBefore) EXPECT_EQ(found_in(description), AgentFinding::Before) << description;
}

TEST(FindAgent, SeesNoneInOtherWords) {
  for (const char* description : {"T1 SAG", "T2 sag+cor", "t1_tse_sag_320", "SAG T1 FSE L-SPINE", "T1 sag post op",
                                  "T1 nach OP", "T1-C", "SAG T1 POSTERIOR", "T1 FOV 24 CM sag", "T1 sag lumbar comp",
                                  "T1_SAG_W", "T1 SAG PRESAT", "sT1W_TSE", "T2W_TSE+SAG"}) {
    const AgentFinding expected = std::string(description) == "T1-C" ? AgentFinding::After : AgentFinding::NotTold;
    EXPECT_EQ(found_in(description), expected) << description;
  }
}

TEST(FindAgent, TakesTheAttributeButNoPlaceholderForAnAgent) {
  for (const char* agent : {"GADOVIST", "Gadobutrol 7.5 ml", "dotarem", "x"}) {
    EXPECT_EQ(found_in("T1 SAG", agent), AgentFinding::After) << agent;
  }
  for (const char* agent : {"-", "--", "NA", "n/a", "N.A.", "NONE", "no", "0", "0.0 ml", "ohne", "keine", "aucun",
                            "unknown", "NULL", "\u65e0", "\u306a\u3057"}) {
    EXPECT_EQ(found_in("T1 SAG", agent), AgentFinding::NotTold) << agent;
  }
}

}  // namespace
}  // namespace lumbargrade
