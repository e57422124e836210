import sys
sys.path.insert(0, "/work/main/tests/end_to_end")
from test_send import *

async def test_413(client: Client, sink: SmtpSink) -> None:
    rows = "".join(f"S{n},s{n}@example.com,{'漢'*1000},{'漢'*1000}\n" for n in range(450))
    client.write("name,email,company,message\n" + rows)
    import time
    t=time.monotonic()
    p = await client.start()
    o,e = await asyncio.wait_for(p.communicate(), 60)
    print(p.returncode, o[:200], e.decode()[:2000], time.monotonic()-t)
    assert 0
