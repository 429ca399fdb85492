/** Lets HTTPS requests of this process reach doubles on loopback, whatever name they call. */
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';

const loopback: LookupFunction = (_name, options, done) => {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

/** Every name that is called by HTTPS is on this machine from now on, with a certificate that is trusted alone. Returns the function that ends it. */
export function callHere(certificate: string): () => void {
  const { createConnection } = Agent.prototype;
  Agent.prototype.createConnection = function connectHere(options, done) {
    return createConnection.call(this, { ...options, ca: certificate, lookup: loopback }, done);
  };
  return () => {
    Agent.prototype.createConnection = createConnection;
  };
}
