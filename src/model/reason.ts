/**
 * Why an operation is done, or why it can't be. Shown to the user word for word, so it is a clause
 * without a capital or a full stop: "least loaded (1 unit)", "no machine has metadata disk=ssd".
 */
export type Reason = string;
