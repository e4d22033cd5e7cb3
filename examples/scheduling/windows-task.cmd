rem Every night at half past two. Type this once, in one line, with your own folder:
schtasks /Create /TN "creativeai nightly" /SC DAILY /ST 02:30 /TR "\"%USERPROFILE%\clips\nightly.cmd\""
