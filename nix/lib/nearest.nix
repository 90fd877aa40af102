# nearest name names: the name of `names` that `name` was most likely meant to
# be, or null: the one with the least edit distance, if that is at most a third
# of the name's length (and at least 1).
name: names:
let
  inherit (builtins)
    elemAt
    filter
    foldl'
    genList
    length
    replaceStrings
    stringLength
    substring
    ;

  min = a: b: if a < b then a else b;
  abs = number: if number < 0 then -number else number;
  charAt = text: index: substring index 1 text;

  # How many characters must be inserted, deleted or replaced, or swapped with
  # their neighbour. Three rows of the table are known at a time: that of the
  # characters of `a` up to `i`, the one `before`, and the one that is made.
  distance =
    a: b:
    let
      next =
        { before, row }:
        i:
        {
          before = row;
          row = following before row i;
        };
      following =
        before: row: i:
        foldl'
          (
            current: j:
            let
              same = charAt a i == charAt b j;
              replace = elemAt row j + (if same then 0 else 1);
              delete = elemAt row (j + 1) + 1;
              insert = elemAt current j + 1;
              swapped = i > 0 && j > 0 && charAt a i == charAt b (j - 1) && charAt a (i - 1) == charAt b j;
              swap = if swapped then elemAt before (j - 1) + 1 else replace;
            in
            current ++ [ (min (min replace swap) (min delete insert)) ]
          )
          [ (i + 1) ]
          (genList (j: j) (stringLength b));
      first = {
        before = [ ];
        row = genList (j: j) (stringLength b + 1);
      };
      last = foldl' next first (genList (i: i) (stringLength a));
    in
    elemAt last.row (stringLength b);

  # Spelling habits are no errors of their own: build_inputs is buildInputs.
  plain =
    text:
    replaceStrings
      [ "_" "-" "A" "B" "C" "D" "E" "F" "G" "H" "I" "J" "K" "L" "M" "N" "O" "P" "Q" "R" "S" "T" "U" "V" "W" "X" "Y" "Z" ]
      [ "" "" "a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z" ]
      text;

  wanted = plain name;
  allowed =
    let
      third = stringLength wanted / 3;
    in
    if third < 1 then 1 else third;
  near = filter (candidate: abs (stringLength (plain candidate) - stringLength wanted) <= allowed) names;
  best = foldl' (
    best: candidate:
    let
      score = distance wanted (plain candidate);
    in
    if score < best.score then
      {
        inherit score;
        name = candidate;
      }
    else
      best
  ) { score = allowed + 1; name = null; } near;
in
if length near == 0 then null else best.name
