module flotilla/images/histogram

go 1.25
