seq 1 5000 | grep 7 | sort -r | head -n 500 | wc -l
