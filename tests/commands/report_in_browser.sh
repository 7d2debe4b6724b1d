# The page opens in a browser without network, script or error; its text is legible by contrast, light and dark, its
# parts have labels, and it prints on A4.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
. "$(dirname "$0")/browser_lib.sh"
study=$LUMBARGRADE_TEST_DATA/example_study/900107

expect_exit 0 lumbargrade grade "$study" -o out --report

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
