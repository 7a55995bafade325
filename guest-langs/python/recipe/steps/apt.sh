# `apt_fetch_source PACKAGE SUITE FOLDER`: the source package's files into FOLDER; sourced, not run.
# With a private state: nothing of the machine's own apt is touched, and no root is needed.
# The mirrors are those that the machine itself uses.
apt_fetch_source() {
    package=$1 suite=$2 folder=$3
    command -v apt-get >/dev/null || {
        echo "no apt-get and no source file given" >&2
        return 1
    }
    state=$PWD/apt
    mkdir -p "$folder" "$state/etc/apt.conf.d" "$state/etc/preferences.d" "$state/etc/sources.list.d" \
        "$state/lists/partial" "$state/cache/archives/partial" "$state/log"
    : >"$state/status"
    cat >"$state/apt.conf" <<CONF
Dir::Etc "$state/etc";
Dir::Etc::sourcelist "$state/etc/sources.list";
Dir::Etc::sourceparts "$state/etc/sources.list.d";
Dir::Etc::parts "$state/etc/apt.conf.d";
Dir::Etc::preferencesparts "$state/etc/preferences.d";
Dir::State "$state";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Log "$state/log";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "2";
CONF
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirrors=$(apt-get indextargets --format '$(REPO_URI)' | sort -u | grep -v security) || {
        echo "no mirror: this machine's apt names none" >&2
        return 1
    }
    for mirror in $mirrors; do
        echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$state/etc/sources.list"
        if APT_CONFIG=$state/apt.conf apt-get update -q -o APT::Update::Error-Mode=any &&
            (cd "$folder" && APT_CONFIG=$state/apt.conf apt-get source -q --only-source --download-only "$package"); then
            return 0
        fi
    done
    echo "no mirror gave the source package $package of $suite" >&2
    return 1
}
