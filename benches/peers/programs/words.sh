n=0; for word in one two three four five six seven eight nine ten; do
  for suffix in a b c d e f g h i j; do
    key=${word}_$suffix; upper=${key^^}
    case $upper in *E_*) n=$((n + ${#key})) ;; esac
  done
done; echo $n
