import asyncio, gzip, aiohttp, json
from gateway import *
from smtp_sink import SmtpSink
async def test_probe(gateway, tenant):
    async def raw(data):
        host, port = gateway.url.removeprefix("http://").split(":")
        r, w = await asyncio.open_connection(host, int(port))
        w.write(data); await w.drain()
        try:
            out = await asyncio.wait_for(r.read(3000), 3)
        except TimeoutError: out=b"TIMEOUT"
        w.close(); return out.decode("latin-1")
    A=f"Authorization: Bearer {tenant.key}\r\nHost: x\r\n"
    for enc, body in (("gzip", b"garbage"),("gzip", gzip.compress(b'{"a":1}')),("br", b"xx"),("gzip", gzip.compress(b" "*30_000_000)),("nonsense", b"{}"),("deflate", b"xx")):
        out = await raw((f"POST /api/v1/bulk-sends HTTP/1.1\r\n{A}Content-Type: application/json\r\nContent-Encoding: {enc}\r\nContent-Length: {len(body)}\r\n\r\n").encode()+body)
        print(enc, out[:20], out.rpartition("\r\n\r\n")[2][:200]); print()
    print(await raw((f"POST /api/v1/bulk-sends HTTP/1.1\r\n{A}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{{}}").encode()))
    print(await raw((f"POST /api/v1/bulk-sends HTTP/1.1\r\n{A}Content-Type: application/json\r\nExpect: xx\r\nContent-Length: 2\r\n\r\n{{}}").encode()))
    print(await raw((f"POST /api/v1/bulk-sends HTTP/1.1\r\n{A}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{}}").encode()))
    print(await raw((f"POST /api/v1/bulk-sends HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant.key}\x01\r\nContent-Length: 2\r\n\r\n{{}}").encode()))
    print(await raw((f"TRACE /api/v1/bulk-sends HTTP/1.1\r\n{A}\r\n").encode()))
    print(await raw((f"GET /api/v1/bulk-sends?status=%zz&%ff=1 HTTP/1.1\r\n{A}\r\n").encode()))
    print(await raw((f"GET /api/v1/bulk-sends/ HTTP/1.1\r\n{A}\r\n").encode()))
    print(await raw((f"GET //api/v1/bulk-sends HTTP/1.1\r\n{A}\r\n").encode()))
    print(await raw((f"OPTIONS * HTTP/1.1\r\n{A}\r\n").encode()))
    import time
    n=150_000
    body=json.dumps({f"k{i}":0 for i in range(n)}).encode()
    t=time.monotonic()
    async with gateway.session.post(gateway.url+"/api/v1/bulk-sends", data=__import__("io").BytesIO(body), headers={**tenant.headers,"Content-Type":"application/json"}) as r:
        b=await r.read(); print(r.status, len(body), len(b), time.monotonic()-t)
