/** The filter in base64. It is JavaScript, since taking types out of two megabytes would take every process 60 ms at its start. */
export declare const breachedPasswordFilter: string;
