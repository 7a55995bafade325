# `pip_install REQUIREMENTS FOLDER`: exactly the pinned wheels, into a folder; sourced, not run.
# Takes the machine's pip, or makes a private environment that has one.
pip_install() {
    for python in python3 /usr/bin/python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            pip_with "$python" "$@"
            return
        fi
    done
    echo "no pip on this machine: making a private one"
    python3 -m venv environment || {
        echo "no pip: python3 -m pip and python3 -m venv both fail" >&2
        return 1
    }
    pip_with environment/bin/python "$@"
}

pip_with() {
    "$1" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-compile \
        --only-binary :all: --require-hashes --requirement "$2" --target "$3"
}
