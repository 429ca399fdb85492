import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** A proxy of TCP whose connections can be made to fall silent, as a firewall does that forgets them: nothing comes any more, and nothing says so. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Passes everything on to an address of this machine. */
  static async open(target: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on('connection', (near) => {
      const far = connect(target, '127.0.0.1');
      proxy.#pairs.add([near, far]);
      near.pipe(far);
      far.pipe(near);
      for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
    return address.port;
  }

  /** From now on the connections that there are carry nothing any more; new ones work. */
  silence(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.resume();
      far.resume();
    }
  }

  close(): void {
    this.#server.close();
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }
}
