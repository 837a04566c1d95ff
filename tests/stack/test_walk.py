import subprocess

from stack.walk import render, walk

STEPS = walk("http://127.0.0.1:8001", "01936d4e-0000-7000-8000-000000000001")


def test_every_command_is_one_line_that_a_shell_can_read() -> None:
    for step in STEPS:
        assert "\n" not in step.command
        subprocess.run(["bash", "-n", "-c", step.command], check=True)


def test_the_bodies_are_json_once_the_shell_has_filled_them_in() -> None:
    # Everything is run as it is, but for curl: a function that checks its body and gives every field an answer has.
    curl = (
        'curl() { while [ "$1" != -d ] && [ $# -gt 1 ]; do shift; done;'
        ' if [ "$1" = -d ]; then printf %s "$2" | python3 -m json.tool --compact >&2; fi;'
        ' echo \'{"id":"1","sessionId":"2","summary":{"x":1},"seats":[{"id":"3"},{"id":"4"}],"status":"\'$NOW\'"}\'; }'
    )
    # What a step waits for has come to pass when it asks.
    waits = {state: f"NOW={state}\n" for state in ("CONFIRMED", "REFUNDED")}
    lines = [next((now for state, now in waits.items() if state in step.command), "") + step.command for step in STEPS]
    script = "\n".join([curl, "NOW=PENDING", *lines])
    done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.count('"showSeatIds":["3","4"]') == 3
    assert '{"result":"SUCCESS"}' in done.stderr
    assert "HTTP" not in done.stderr


def test_the_text_to_paste_runs_as_it_is_printed() -> None:
    text = render(STEPS)
    assert all(step.command in text.splitlines() for step in STEPS)
    subprocess.run(["bash", "-n", "-c", text], check=True)
