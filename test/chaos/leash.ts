/**
 * Loaded into every process the suite starts, before the production entry point: it ends with whoever started it, in
 * whatever way that one ends, so that a suite that is itself killed leaves nothing running.
 */
process.once('disconnect', () => process.exit(1))
// Listening must not keep alive what would have ended by itself.
process.channel?.unref()
