# drive.sh FOLDER COMPILER ARGUMENT...: a call of the compiler as a build program makes it for
# Linux. A link of a shared library makes one object of its parts.
folder=$1
shift
out= shared= previous=
for argument; do
    case $argument in
    -shared) shared=yes ;;
    -Wl,--version) exec zig wasm-ld --version ;;
    esac
    [ "$previous" = -o ] && out=$argument
    previous=$argument
done
if [ "$previous" = - ]; then
    # zig takes no source from its input.
    text=$(mktemp "$folder/input-XXXXXX.c")
    cat >"$text"
    for argument; do
        shift
        [ "$argument" = - ] && argument=$text
        set -- "$@" "$argument"
    done
fi
if [ -z "$shared" ]; then
    # What wasm-ld has no words for.
    for argument; do
        shift
        case $argument in
        -Wl,--start-group | -Wl,--end-group | -Wl,--as-needed | -Wl,--no-undefined | -Wl,--allow-shlib-undefined | -Wl,-O1 | -Wl,-rpath*) ;;
        *) set -- "$@" "$argument" ;;
        esac
    done
    exec "$@"
fi
objects=
for argument; do
    case $argument in
    @*) objects="$objects $(tr ' ' '\n' <"${argument#@}" | grep -E '\.[oa]$')" ;;
    *.o | *.a) objects="$objects $argument" ;;
    esac
done
# An archive within is taken as a linker takes it: the members that somebody asks for.
exec zig wasm-ld -r $objects -o "$out"
