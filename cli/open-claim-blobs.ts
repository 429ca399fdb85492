import type { EventsConfig } from '../pipeline/events-config.ts';
import { asAzureCredential, connectAzure } from '../platform/azure-credential.ts';
import { createBlobClaims } from '../platform/events/blob-claims.ts';
import type { ClaimStore } from '../platform/events/claim-store.ts';
import { containerOf } from './open-blobs.ts';

/** Opens the configured container for large events. Throws CONFIG_INVALID where nothing says where it is. */
export async function openClaimBlobs(
  claimCheck: NonNullable<EventsConfig['claimCheck']>,
): Promise<ClaimStore> {
  const { blobs, credential } = claimCheck;
  const isSignedIn = blobs?.connectionString === undefined;
  const signedIn = isSignedIn ? asAzureCredential(await connectAzure(credential)) : undefined;
  return createBlobClaims(containerOf('events.claimCheck.blobs', blobs, signedIn));
}
