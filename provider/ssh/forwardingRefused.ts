/** Key in a host's cache: sshd was seen to refuse the forwarding of Unix sockets, which holds for the connection's life. */
export const forwardingRefused = "sshd refuses to forward Unix sockets";
