/**
 * Where a message lies, at a provider whose messages have no state of their own (IMAP): in a folder (a resource), under
 * a UID that means something for as long as the folder's epoch lasts (UIDVALIDITY). The flags are those that it has there.
 */
export type PulledPlace = { messageId: string; uid: number; flags: string[]; modseq: bigint | null }

/** As it is stored. `resource`: the folder's key, which is also the id of its label. */
export type Place = PulledPlace & { resource: string; epoch: string }

/** What is stored of an account's places. */
export interface PlaceReader {
  /** The places of each of these messages; ids without any are left out. */
  of(messageIds: string[]): Promise<Map<string, Place[]>>
  /** How many of the folder lie below this UID. null: it is being listed, so they are not all stored yet. */
  count(resource: string, epoch: string, below: number): Promise<number | null>
  /** Those with a UID in the range (both ends belong to it), ascending, `limit` at most. */
  range(
    resource: string,
    epoch: string,
    range: { first: number; last: number },
    limit: number,
  ): Promise<Place[]>
  /** What lies in each folder, all of it; folders and epochs with nothing are left out. */
  sums(): Promise<PlaceSum[]>
  /** Up to where a folder is followed; null: not yet. */
  cursor(resource: string): Promise<string | null>
}

/** How many places there are of an epoch, and how many of them are not \Seen. */
export type PlaceSum = { resource: string; epoch: string; places: number; unseen: number }

/** The same of any account. */
export interface PlaceStore {
  placesOf(accountId: string, messageIds: string[]): Promise<Map<string, Place[]>>
  countPlaces(accountId: string, resource: string, epoch: string, below: number): Promise<number | null>
  placesIn(
    accountId: string,
    resource: string,
    epoch: string,
    range: { first: number; last: number },
    limit: number,
  ): Promise<Place[]>
  /** The epochs of which there are places. */
  placeEpochs(accountId: string): Promise<{ resource: string; epoch: string }[]>
  placeSums(accountId: string): Promise<PlaceSum[]>
  /** Stored messages that are not what their places make of them, by id, ascending, after this one. */
  disagreeing(accountId: string, after: string, limit: number): Promise<string[]>
}

/** What a page says of one folder's places. */
export type PlacesPage = { epoch: string; put: PulledPlace[]; gone: number[] }

/** What a batch changes of one folder's places. */
export type PlaceChange = PlacesPage & {
  resource: string
  /** A listing's word: what is stored, or was said to be gone, came later and stays. */
  onlyNew?: boolean
  /** A comparison's word: it holds where exactly these stand still, and where none of them did, nothing. */
  was?: readonly Place[]
  /** The folder, or its epoch, is over: what goes is not remembered. */
  over?: boolean
}

export const UID_LAST = 4_294_967_295

/** Of accounts whose provider has no places. */
export const noPlaces: PlaceReader = {
  of: async () => new Map(),
  count: async () => 0,
  range: async () => [],
  sums: async () => [],
  cursor: async () => null,
}
