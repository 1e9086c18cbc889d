/** Firecracker's console is the serial port; a reboot ends the process, and so does a panic after a second. */
export const defaultBootArgs = "console=ttyS0 reboot=k panic=1";

/**
 * User and group of jailed VMs. systemd's table of user ids ("Users, Groups, UIDs and GIDs on systemd Systems") has
 * 60578 to 60705 as unused: no distribution gives them to anybody.
 */
export const defaultJailUser = 60_700;
