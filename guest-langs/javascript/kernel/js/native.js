// What C gives: channel, clocks, files (channel.c, values.c, files.c). The bundle is a function of it.
export default __native;
