#include "metric/calibration_picture.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "metric/agreement.h"
#include "pictures/png_file.h"

namespace lumbargrade {
namespace {

constexpr int kPlot = 360;   // side of one plot, pixels
constexpr int kMargin = 64;  // around it, for numbers and names
constexpr int kPanel = kPlot + 2 * kMargin;
constexpr int kTitle = 40;
constexpr double kFontScale = 0.45;
constexpr int kSmallestDot = 3;
constexpr int kLargestDot = 14;

const cv::Scalar kBlack(30, 30, 30), kGrey(205, 205, 205), kWhite(255, 255, 255);
const cv::Scalar kModerateColour(31, 119, 180), kSevereColour(200, 50, 40);  // RGB

struct Series {
  Event event;
  const char* name;
  cv::Scalar colour;
};
const std::array<Series, 2> kSeries = {Series{Event::ModerateOrWorse, "moderate or severe", kModerateColour},
                                       Series{Event::Severe, "severe", kSevereColour}};

void write_text(cv::Mat& image, const std::string& words, cv::Point centre, const cv::Scalar& colour = kBlack) {
  int below = 0;
  const cv::Size size = cv::getTextSize(words, cv::FONT_HERSHEY_SIMPLEX, kFontScale, 1, &below);
  cv::putText(image, words, centre + cv::Point(-size.width / 2, size.height / 2), cv::FONT_HERSHEY_SIMPLEX, kFontScale,
              colour, 1, cv::LINE_AA);
}

/// One plot with its axes from 0 to 1.
class Panel {
 public:
  Panel(cv::Mat& image, int index) : image_(image), origin_(index * kPanel + kMargin, kTitle + kMargin + kPlot) {}

  void draw_axes(const std::string& name) {
    for (int tenth = 0; tenth <= 10; tenth += 2) draw_tick(tenth / 10.0);
    cv::line(image_, at(0, 0), at(1, 1), kBlack, 1, cv::LINE_AA);
    cv::rectangle(image_, at(0, 1), at(1, 0), kBlack);
    write_text(image_, name, at(0.5, 1) - cv::Point(0, 52));
    write_text(image_, "predicted probability", at(0.5, 0) + cv::Point(0, 44));
  }

  void draw(const Series& series, const std::array<CalibrationBin, kCalibrationBins>& bins, int row) {
    int most = 1;
    for (const auto& bin : bins) most = std::max(most, bin.count);
    std::optional<cv::Point> last;
    for (const auto& bin : bins) {
      if (bin.count == 0) continue;
      const cv::Point dot = at(bin.mean_predicted, bin.observed);
      if (last) cv::line(image_, *last, dot, series.colour, 1, cv::LINE_AA);
      const double share = std::sqrt(static_cast<double>(bin.count) / most);
      const int radius = kSmallestDot + static_cast<int>(std::lround(share * (kLargestDot - kSmallestDot)));
      cv::circle(image_, dot, radius, series.colour, cv::FILLED, cv::LINE_AA);
      last = dot;
    }
    cv::putText(image_, text(series.name, ", calibration error ", std::round(calibration_error(bins) * 1000) / 1000),
                at(0, 1) + cv::Point(2, 18 * row - 28), cv::FONT_HERSHEY_SIMPLEX, kFontScale, series.colour, 1,
                cv::LINE_AA);
  }

 private:
  cv::Point at(double x, double y) const {
    return origin_ + cv::Point(static_cast<int>(std::lround(x * kPlot)), -static_cast<int>(std::lround(y * kPlot)));
  }

  void draw_tick(double value) {
    cv::line(image_, at(value, 0), at(value, 1), kGrey);
    cv::line(image_, at(0, value), at(1, value), kGrey);
    write_text(image_, text(value), at(value, 0) + cv::Point(0, 20));
    write_text(image_, text(value), at(0, value) - cv::Point(22, 0));
  }

  cv::Mat& image_;
  cv::Point origin_;
};

constexpr std::array<const char*, kConditionCount> kPanelNames = {
    "spinal canal: observed share", "neural foramina: observed share", "subarticular: observed share"};

}  // namespace

void write_calibration_picture(const std::filesystem::path& path, const std::vector<ScoredStudy>& studies,
                               const std::string& title) {
  cv::Mat image(kTitle + kPanel, kConditionCount * kPanel, CV_8UC3, kWhite);
  write_text(image, title, {image.cols / 2, kTitle / 2 + 8});
  for (const Condition condition : kConditions) {
    const int index = static_cast<int>(condition);
    Panel panel(image, index);
    panel.draw_axes(kPanelNames[static_cast<std::size_t>(index)]);
    int row = 0;
    for (const Series& series : kSeries) panel.draw(series, calibration(studies, condition, series.event), row++);
  }
  write_rgb_png(path, image);
}

}  // namespace lumbargrade
