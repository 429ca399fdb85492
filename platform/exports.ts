/** What sources share, for producers outside this project: files and XML under caps, guarded HTTP, changes that are watched for. */
export { atIntervals } from './at-intervals.ts';
export {
  eachFile,
  type EachFileOptions,
  type SourceFiles,
  sourceFiles,
  watchEachFile,
} from './each-file.ts';
export { createHttpClient } from './http.ts';
export type { HttpBody, HttpClient, HttpClientOptions, HttpRequest, HttpResponse } from './http.ts';
export { type JsonOptions, type JsonValue, parseJson } from './json.ts';
export { listFiles, type ListFilesOptions } from './list-files.ts';
export { decodeText, type FileContent, fileError, readFileUnder, type ReadFileOptions } from './read-file.ts';
export { redactBytes, redactText } from './redact.ts';
export { parseRetryAfter } from './retry-after.ts';
export { throwIfStopped } from './stop-scan.ts';
export { watchFiles, type WatchFilesOptions } from './watch-files.ts';
export { parseXml, type XmlElement, type XmlOptions } from './xml.ts';
