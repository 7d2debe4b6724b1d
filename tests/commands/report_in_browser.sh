# The page opens in a browser without network, script or error; its text is legible by contrast, light and dark, its
# parts have labels, and it prints on A4.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
command -v chromium >/dev/null || skip "no chromium"
study=$LUMBARGRADE_TEST_DATA/example_study/900107

expect_exit 0 lumbargrade grade "$study" -o out --report

# What the page looks like to a script that is put into a copy of it.
cat >probe.html <<'JS'
<script>
const faults = [];
function rgb(text) { return text.match(/[\d.]+/g).map(Number); }
function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
}
function background(element) {
  for (; element; element = element.parentElement) {
    const colour = rgb(getComputedStyle(element).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
}
const words = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
let checked = 0;
while (words.nextNode()) {
  const element = words.currentNode.parentElement;
  if (!words.currentNode.data.trim() || element.tagName === "SCRIPT") continue;
  const a = luminance(rgb(getComputedStyle(element).color)), b = luminance(background(element));
  const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  ++checked;
  if (contrast < 4.5) faults.push("contrast " + contrast.toFixed(2) + ": " + words.currentNode.data.trim().slice(0, 40));
}
if (checked < 200) faults.push("only " + checked + " texts");
for (const image of document.images) {
  if (!image.alt) faults.push("image without alternative text");
  if (!image.complete || image.naturalWidth === 0) faults.push("image does not show");
}
for (const part of document.querySelectorAll("[role=img], [role=region], nav")) {
  if (!part.getAttribute("aria-label")) faults.push("part without label");
}
for (const part of document.querySelectorAll("[aria-labelledby]")) {
  if (!document.getElementById(part.getAttribute("aria-labelledby"))) faults.push("label that is nowhere");
}
for (const link of document.querySelectorAll("a[href]")) {
  const target = link.getAttribute("href");
  if (!target.startsWith("#") || !document.querySelector(target)) faults.push("link to nowhere: " + target);
}
for (const table of document.querySelectorAll("table")) {
  if (!table.querySelector("th[scope=col]")) faults.push("table without column headers");
}
if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the window: " + document.documentElement.scrollWidth);
const asked = performance.getEntriesByType("resource").filter(entry => !entry.name.startsWith("data:"));
if (asked.length) faults.push("asks for " + asked[0].name);
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
console.log("PROBE " + (dark ? "dark" : "light") + " " + (faults.length ? faults.join("; ") : "no fault"));
</script>
JS

# browse FILE OPTION...: what the browser has to say on its console.
browse() {
  local file=$1
  shift
  timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$WORK/chrome" \
    --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --log-level=0 --virtual-time-budget=4000 "$@" \
    "file://$file" 2>&1 | grep -aE 'CONSOLE|bytes written' || true
}
probe() {  # PAGE SCHEME WIDTH
  sed '/<\/body>/e cat probe.html' "$1" >"$WORK/probed.html"
  browse "$WORK/probed.html" --dump-dom --window-size="$3",1200 --blink-settings=preferredColorScheme="$2"
}

[[ $(probe out/report.html 1 1000) == *'PROBE light no fault'* ]] ||
  fail_test "light: $(probe out/report.html 1 1000)"
[[ $(probe out/report.html 0 1000) == *'PROBE dark no fault'* ]] || fail_test "dark: $(probe out/report.html 0 1000)"
[[ $(probe out/report.html 1 500) == *'PROBE light no fault'* ]] || fail_test "narrow: $(probe out/report.html 1 500)"
[[ -z $(browse "$PWD/out/report.html" --dump-dom) ]] || fail_test "console: $(browse "$PWD/out/report.html" --dump-dom)"

# The probe sees faults where there are some.
sed 's/--pale: #555555/--pale: #cccccc/; s/ alt="[^"]*"//' out/report.html >faulty.html
faults=$(probe faulty.html 1 1000)
[[ $faults == *contrast* && $faults == *"alternative text"* ]] || fail_test "the probe sees nothing: $faults"

browse "$PWD/out/report.html" --print-to-pdf="$WORK/report.pdf" --no-pdf-header-footer >/dev/null
expect_file report.pdf
grep -aq 'MediaBox \[0 0 59[45][.0-9]* 84[12]' report.pdf || fail_test "the page does not print on A4"
