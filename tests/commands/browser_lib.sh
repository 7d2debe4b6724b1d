# Sourced by the tests of pages in a browser, after lib.sh: `probe PAGE SCHEME WIDTH TEXTS` says what is wrong with a page
# (contrast, labels, links, width, requests); `browse FILE OPTION...` what the browser has to say on its console.
command -v chromium >/dev/null || skip "no chromium"

# What the page looks like to a script that is put into a copy of it.
cat >probe.html <<'JS'
<script>
const faults = [], texts = TEXTS_AT_LEAST;
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
if (checked < texts) faults.push("only " + checked + " texts");
for (const image of document.images) {
  if (image.getAttribute("alt") === null) faults.push("image without alternative text");
  if (image.loading !== "lazy" && (!image.complete || image.naturalWidth === 0)) faults.push("image does not show");
}
for (const part of document.querySelectorAll("[role=img], [role=region], nav")) {
  if (!part.getAttribute("aria-label") && !part.getAttribute("aria-labelledby")) faults.push("part without label");
}
for (const part of document.querySelectorAll("[aria-labelledby]")) {
  if (!document.getElementById(part.getAttribute("aria-labelledby"))) faults.push("label that is nowhere");
}
for (const link of document.querySelectorAll("a[href]")) {
  const target = link.getAttribute("href");
  if (target.startsWith("#") && !document.querySelector(target)) faults.push("link to nowhere: " + target);
}
for (const part of document.querySelectorAll("button, a[href], [tabindex]")) {
  if (part.tabIndex < 0) faults.push("not to be reached by keyboard: " + part.textContent.slice(0, 30));
  if (part.tabIndex > 0) faults.push("order of the keyboard is not that of reading");
  part.focus();
  if (document.activeElement !== part) faults.push("takes no focus: " + part.textContent.slice(0, 30));
  else if (getComputedStyle(part).outlineStyle === "none" && part.matches(":focus-visible")) faults.push("focus is not seen");
}
for (const table of document.querySelectorAll("table")) {
  if (!table.querySelector("th[scope=col]")) faults.push("table without column headers");
}
if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the window: " + document.documentElement.scrollWidth);
const asked = performance.getEntriesByType("resource").filter(entry => !/^(data|file):/.test(entry.name));
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
probe() {  # PAGE SCHEME(1 light, 0 dark) WIDTH TEXTS
  sed "s/TEXTS_AT_LEAST/${4:-200}/" probe.html >probe_now.html
  sed '/<\/body>/e cat probe_now.html' "$1" >"$(dirname "$1")/probed.html"
  browse "$PWD/$(dirname "$1")/probed.html" --dump-dom --window-size="$3",1200 --blink-settings=preferredColorScheme="$2"
}

