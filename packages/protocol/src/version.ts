/** Raised with every change of a wire schema; a test compares it with a hash of all schemas. */
export const PROTOCOL_VERSION = 2
