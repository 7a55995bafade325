from capsule import task


@task(name="main", compute="HIGH", ram="256MB", timeout="30s")
def main(how: str, code: str) -> str:
    names = {}
    if how == "value":
        return str(eval(code, names))
    exec(code, names)
    return ""
