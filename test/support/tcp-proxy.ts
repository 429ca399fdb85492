import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

type Pair = readonly [near: Socket, far: Socket];

/** A proxy of TCP whose connections can be made to fall silent, as a firewall does that forgets them: nothing comes any more, and nothing says so. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Pairs that carry nothing any more. */
  readonly #silent = new Set<Pair>();
  readonly #waiting = new Set<Socket>();
  readonly #target: number;
  #isHeld = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
  }

  /** Passes everything on to an address of this machine. */
  static async open(target: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, target);
    server.on('connection', (near) => {
      near.on('error', () => near.destroy());
      if (proxy.#isHeld) proxy.#waiting.add(near);
      else proxy.#pass(near);
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

  /** Connections that there are, but for those that have fallen silent. */
  get open(): number {
    return this.#pairs.size;
  }

  #pass(near: Socket): void {
    const far = connect(this.#target, '127.0.0.1');
    far.on('error', () => far.destroy());
    const pair: Pair = [near, far];
    this.#pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    // Whoever has ended, the other one hears of it, unless the network is gone between them.
    for (const [one, other] of [pair, [far, near]] as const)
      one.on('close', () => {
        if (this.#pairs.delete(pair)) other.destroy();
      });
  }

  /** The network is gone: nothing comes through, by whatever connection, until the function is called that is returned. */
  cut(): () => void {
    this.#isHeld = true;
    this.silence();
    return () => {
      this.#isHeld = false;
      for (const near of this.#waiting) this.#pass(near);
      this.#waiting.clear();
    };
  }

  /** From now on the connections that there are carry nothing any more; new ones work. */
  silence(): void {
    for (const pair of this.#pairs) {
      const [near, far] = pair;
      near.unpipe(far);
      far.unpipe(near);
      near.resume();
      far.resume();
      this.#silent.add(pair);
    }
    this.#pairs.clear();
  }

  close(): void {
    this.#server.close();
    for (const near of this.#waiting) near.destroy();
    for (const pair of [...this.#pairs, ...this.#silent]) for (const socket of pair) socket.destroy();
  }
}
