# `batch --report` leaves a page for every study and an index that lists them all, failures too.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"

mkdir -p data
cp -r "$LUMBARGRADE_TEST_DATA/example_study/900107" data/one
cp -r data/one "data/two & <more>"
find "data/two & <more>" -name '*.dcm' | sort | head -n 1 | xargs -d '\n' rm
mkdir data/broken && head -c 3000 /dev/urandom >data/broken/image.dcm
printf 'DICM' | dd of=data/broken/image.dcm bs=1 seek=128 conv=notrunc status=none

expect_exit 3 lumbargrade batch data -o out --report --study-folder leaf -j 1
expect_file out/index.html
pages=$(find out/reports -name report.html | wc -l)
expect_equal 2 "$pages" "pages of studies"
expect_equal 2 "$(grep -c 'loading="lazy"' out/index.html)" "studies in the index"
grep -q broken out/index.html || fail_test "the index does not list the failure"
grep -q 'two &amp; &lt;more&gt;' out/index.html || fail_test "a study's name is not written as text"
if grep -qE '(src|href)="?(https?:)?//|<link|@import|url\(' out/index.html; then fail_test "the index needs a network"; fi
grep -oE '(src|href)="reports/[^"]*"' out/index.html | cut -d'"' -f2 | while read -r link; do
  file=out/$(printf '%b' "${link//%/\\x}")
  [[ -s $file ]] || { echo "$link"; break; }
done >broken_links
[[ ! -s broken_links ]] || fail_test "the index links to what is not there: $(cat broken_links)"
grep -q 'two &amp; &lt;more&gt;' out/reports/two*/report.html || fail_test "a page does not name its study"
# Finished studies have their pages: a run without them is another run.
expect_exit 1 lumbargrade batch data -o out --study-folder leaf -j 1
expect_exit 3 lumbargrade batch data -o out --report --study-folder leaf -j 1

. "$(dirname "$0")/browser_lib.sh"
for way in "1 1000" "0 1000" "1 500"; do
  said=$(probe out/index.html $way 80)
  [[ $said == *'no fault'* ]] || fail_test "index, $way: $said"
done
# Two thousand studies: the first rows again and again.
awk '/loading="lazy"/ {row = $0; print; for (i = 0; i < 999; ++i) print row; next} {print}' out/index.html >out/large.html
cat >sort.html <<'JS'
<script>
addEventListener("load", () => setTimeout(() => {
  const faults = [], rows = () => [...document.querySelectorAll("#studies tbody tr")];
  if (rows().length !== 2000) faults.push(rows().length + " studies");
  const head = [...document.querySelectorAll("#studies thead th")].find(th => th.textContent === "Study");
  // By keyboard: the name of a column is a button that takes the focus.
  head.querySelector("button").focus();
  if (document.activeElement.textContent !== "Study") faults.push("no focus");
  document.activeElement.click();
  if (head.getAttribute("aria-sort") !== "ascending" || !rows()[0].cells[1].textContent.startsWith("one")) faults.push("does not sort");
  head.querySelector("button").click();
  if (rows()[0].cells[1].textContent.startsWith("one")) faults.push("does not sort down");
  const opened = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
  console.log("PROBE " + Math.round(opened) + " ms " + (faults.length ? faults.join("; ") : "no fault"));
}, 100));
</script>
JS
sed '/<\/body>/e cat sort.html' out/large.html >out/probed.html
said=$(timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$WORK/chrome" \
  --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --log-level=0 --virtual-time-budget=8000 --dump-dom \
  "file://$PWD/out/probed.html" 2>&1 | grep -a CONSOLE)
[[ $said == *'no fault'* && $(grep -c CONSOLE <<<"$said") == 1 ]] || fail_test "index in the browser: $said"
echo "2,000 studies: ${said#*PROBE}"
