"""A worker's threads."""

import queue
import threading

from toban.engine.runs.claiming.crew import Crew


def test_a_free_thread_takes_the_next_job() -> None:
    crew = Crew(2)
    done: queue.SimpleQueue[str] = queue.SimpleQueue()

    for _ in range(5):
        free = threading.Event()

        def job(free: threading.Event = free) -> None:
            done.put(threading.current_thread().name)
            free.set()

        crew.give(job)
        assert free.wait(10)
    crew.dismiss()

    names = {done.get(timeout=10) for _ in range(5)}
    assert len(names) <= 2


def test_no_more_jobs_run_at_once_than_there_are_threads() -> None:
    crew, begun, may_end = Crew(2), threading.Semaphore(0), threading.Event()

    def job() -> None:
        begun.release()
        assert may_end.wait(10)

    for _ in range(3):
        crew.give(job)
    assert begun.acquire(timeout=10)
    assert begun.acquire(timeout=10)
    third_has_begun = begun.acquire(timeout=0.1)
    may_end.set()

    assert not third_has_begun
    assert begun.acquire(timeout=10)
    crew.dismiss()


def test_a_dismissed_crew_ends_after_its_current_jobs() -> None:
    crew, ended = Crew(1), threading.Event()
    ran: list[threading.Thread] = []

    def job() -> None:
        ran.append(threading.current_thread())
        assert ended.wait(10)

    crew.give(job)
    crew.dismiss()
    ended.set()
    while not ran:
        threading.Event().wait(0.01)
    ran[0].join(10)

    assert not ran[0].is_alive()
