import { relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { StreamError } from '../pipeline/errors.ts';
import { quietMs } from './read-file.ts';

/** What to watch. */
export interface WatchFilesOptions {
  /** A folder with all below it, or one file. */
  readonly path: string;
  /** Whether a file matters, by its path relative to `path`, with `/`. @default every file */
  readonly matches?: (file: string) => boolean;
  /** A file counts as written when its size stood still for so long, in milliseconds. @default 500 */
  readonly settleMs?: number;
}

/**
 * Yields when a file that matters has been added, changed or removed, several at once as one. Yields once at the beginning, when
 * the watcher is ready: what happened between an earlier look at the files and now would be missed otherwise. Ends when
 * `signal` fires. Throws SOURCE_UNAVAILABLE when the system refuses to watch.
 */
export async function* watchFiles(
  options: WatchFilesOptions,
  signal: AbortSignal,
): AsyncGenerator<undefined> {
  if (signal.aborted) return;
  const { path, settleMs = quietMs, matches } = options;
  const bell = new Bell();
  const watcher = watch(path, {
    ignoreInitial: true,
    followSymlinks: false,
    ignorePermissionErrors: true,
    awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.max(10, settleMs / 4) },
  });
  const stop = (): void => bell.close();
  signal.addEventListener('abort', stop, { once: true });
  watcher.on('ready', () => bell.ring());
  watcher.on('all', (event, file) => {
    const relevant = event === 'unlinkDir' || isMatch(file, path, matches);
    if (relevant && event !== 'addDir') bell.ring();
  });
  watcher.on('error', (thrown) => bell.fail(thrown));
  try {
    while (await bell.rung()) yield undefined;
  } catch (thrown) {
    throw new StreamError('SOURCE_UNAVAILABLE', `Changes below ${path} cannot be watched.`, {
      cause: thrown,
      advice: 'Raise the limit of watched files of the system (Linux: fs.inotify.max_user_watches).',
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await watcher.close();
  }
}

function isMatch(file: string, root: string, matches: WatchFilesOptions['matches']): boolean {
  if (matches === undefined || file === root) return true;
  return matches(relative(root, file).split(sep).join('/'));
}

/** Remembers that something happened until somebody asks: once, however often it happened. */
class Bell {
  #rung = false;
  #closed = false;
  #failure: { readonly thrown: unknown } | undefined;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  fail(thrown: unknown): void {
    this.#failure = { thrown };
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Resolves to true when it was rung, to false when it is closed; rejects with what was failed with. */
  async rung(): Promise<boolean> {
    while (!this.#rung && !this.#closed && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.thrown;
    this.#rung = false;
    return !this.#closed;
  }
}
